package records

import (
	"context"
	"errors"
	"fmt"

	"github.com/eagate/eagate/store"
)

// An Observer is called after each write of an account or a challenge, before the write
// returns. Its methods must be fast, and must not change the record.
type Observer interface {
	// AccountWritten gets the stored account, or nil if it is unknown whether the write
	// happened.
	AccountWritten(userID string, a *Account)

	// ChallengeWritten is AccountWritten for a challenge.
	ChallengeWritten(id string, c *Challenge)
}

// Observed returns the same records with an observer of their writes.
func (r *Records) Observed(o Observer) *Records {
	observed := *r
	observed.observer = o
	return &observed
}

// Watch is [store.Watcher.Watch]. It returns [errors.ErrUnsupported] if the backend can't
// watch.
func (r *Records) Watch(ctx context.Context, kind store.Kind, changed func(id string)) error {
	w, ok := r.backend.(store.Watcher)
	if !ok {
		return errors.ErrUnsupported
	}
	return w.Watch(ctx, kind, changed)
}

// A Seen is the known version of a record.
type Seen struct {
	ID      string
	Version uint64 // 0: none
}

// ReadAccounts reads at most [store.MaxGet] accounts, and calls changed for each whose
// version isn't the known one, with its index in seen and the account (the zero one with
// its UserID if there is none), or an error if it can't be read.
func (r *Records) ReadAccounts(ctx context.Context, seen []Seen, changed func(int, Account, error)) error {
	return accounts.readChanged(ctx, r, seen, changed)
}

// ReadChallenges is ReadAccounts for challenges.
func (r *Records) ReadChallenges(ctx context.Context, seen []Seen, changed func(int, Challenge, error)) error {
	return challenges.readChanged(ctx, r, seen, changed)
}

// readChanged doesn't decode documents of the known version: most haven't changed.
func (k kind[R]) readChanged(ctx context.Context, r *Records, seen []Seen, changed func(int, R, error)) error {
	ids := make([]string, len(seen))
	for i, s := range seen {
		ids[i] = s.ID
	}
	docs, err := r.backend.Get(ctx, k.name, ids...)
	if err != nil {
		return fmt.Errorf("records: reading %d of %s: %w", len(ids), k.name, err)
	}
	if err := k.checkAnswer(docs, ids...); err != nil {
		return err
	}
	for i, doc := range docs {
		if doc.Version != seen[i].Version {
			rec, _, err := k.decode(r.keys, doc)
			rec, err = orZero(rec, err)
			changed(i, rec, err)
		}
	}
	return nil
}
