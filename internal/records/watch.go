package records

import (
	"context"
	"errors"
	"fmt"

	"github.com/eagate/eagate/store"
)

// An Observer is called right after accounts and challenges are written, before the
// write returns. Its methods must be quick, and change nothing in the record.
type Observer interface {
	// AccountWritten has the account as it was stored, or nil where nobody can tell
	// whether it was.
	AccountWritten(userID string, a *Account)

	// ChallengeWritten is the same of a challenge.
	ChallengeWritten(id string, c *Challenge)
}

// Observed returns the same records, whose writes o sees.
func (r *Records) Observed(o Observer) *Records {
	observed := *r
	observed.observer = o
	return &observed
}

// Watch is [store.Watcher.Watch], or returns [errors.ErrUnsupported] where the
// backend can't watch.
func (r *Records) Watch(ctx context.Context, kind store.Kind, changed func(id string)) error {
	w, ok := r.backend.(store.Watcher)
	if !ok {
		return errors.ErrUnsupported
	}
	return w.Watch(ctx, kind, changed)
}

// Seen is which version of a record is known.
type Seen struct {
	ID      string
	Version uint64 // 0: none
}

// ReadAccounts reads those accounts, at most [store.MaxGet], and calls changed for
// each whose version isn't the one that was seen, with its place in seen and the
// account, which is the zero one with its UserID where there is none, or an error if
// it can't be read.
func (r *Records) ReadAccounts(ctx context.Context, seen []Seen, changed func(int, Account, error)) error {
	return accounts.readChanged(ctx, r, seen, changed)
}

// ReadChallenges is ReadAccounts for challenges.
func (r *Records) ReadChallenges(ctx context.Context, seen []Seen, changed func(int, Challenge, error)) error {
	return challenges.readChanged(ctx, r, seen, changed)
}

// readChanged doesn't decode what has the version that was seen: most of what is
// looked at again and again hasn't changed.
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
