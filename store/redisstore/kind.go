package redisstore

import (
	"fmt"
	"strconv"
	"time"

	"github.com/eagate/eagate/internal/record"
	"github.com/eagate/eagate/store"
)

// A kind is one sort of record, and how a hash in Redis holds it.
type kind[R any] struct {
	name   string // in errors
	fields func(*R) []record.Field

	// identify sets what belongs to the store.
	identify func(r *R, id string, version uint64)

	// when returns what an edit says under this name.
	when func(*R) string

	// missing is the error for an ID without a record, or nil where such a one
	// stands for the zero record.
	missing error
}

var (
	accounts = kind[store.Account]{
		name:     "account",
		fields:   record.Account,
		identify: func(a *store.Account, id string, version uint64) { a.UserID, a.Version = id, version },
		when: func(a *store.Account) string {
			if a.Sync.Late() {
				return score(a.Sync.NextAt)
			}
			return ""
		},
	}
	challenges = kind[store.Challenge]{
		name:     "challenge",
		fields:   record.Challenge,
		identify: func(c *store.Challenge, id string, version uint64) { c.ID, c.Version = id, version },
		when:     func(c *store.Challenge) string { return expiry(c.ForgetAt) },
		missing:  store.ErrNotFound,
	}
	grants = kind[store.Grant]{
		name:     "grant",
		fields:   record.Grant,
		identify: func(g *store.Grant, id string, version uint64) { g.ID, g.Version = id, version },
		when:     func(g *store.Grant) string { return expiry(g.ExpiresAt) },
		missing:  store.ErrNotFound,
	}
)

// decode returns the record that a hash holds. An empty hash holds the zero
// record.
func (k kind[R]) decode(id string, hash map[string]string) (r R, version uint64, err error) {
	for _, f := range k.fields(&r) {
		if err := parse(f.Value, hash[f.Name]); err != nil {
			return r, 0, fmt.Errorf("redisstore: the %s's field %s: %w", k.name, f.Name, err)
		}
	}
	if version, err = parseVersion(hash["version"]); err != nil {
		return r, 0, fmt.Errorf("redisstore: the %s's field version: %w", k.name, err)
	}
	k.identify(&r, id, version)
	return r, version, nil
}

// edit returns what to write so that the fields of a stored record become those
// of r. What stays isn't written, so that whatever a newer release keeps there
// stays, too.
func (k kind[R]) edit(r *R, stored map[string]string) (edit, error) {
	e := edit{when: k.when(r)}
	for _, f := range k.fields(r) {
		text, same, err := compare(f.Value, stored[f.Name])
		if err != nil {
			return e, fmt.Errorf("redisstore: the %s's field %s: %w", k.name, f.Name, err)
		}
		if !same {
			e.fields = append(e.fields, f.Name, text)
		}
	}
	return e, nil
}

// expiry is when a record may be forgotten, as Redis has it: in milliseconds, and
// not a moment too soon.
func expiry(t time.Time) string {
	return strconv.FormatInt(t.Add(time.Millisecond-1).UnixMilli(), 10)
}

// score is the place of a time in the index of late accounts. The zero time comes
// before all others.
func score(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }
