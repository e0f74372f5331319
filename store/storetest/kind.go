package storetest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/store"
)

// A kind is one sort of record, with what it takes to check them all alike.
type kind[R any] struct {
	name   string
	key    func(*R) *string
	create func(store.Store, context.Context, R) error
	read   func(store.Store, context.Context, string) (R, error)

	// absent returns an error unless that is what read returns for a key
	// without a record.
	absent func(got R, err error, key string) error

	// twins returns keys that a careless store takes for one another.
	twins func(random string) []string

	// until returns when the record may be forgotten, or is nil if never.
	until func(*R) *time.Time
}

// A mutable is a kind of record that can be updated.
type mutable[R any] struct {
	kind[R]
	update  func(store.Store, context.Context, string, func(*R) error) error
	version func(*R) *uint64

	// count adds one to a field, and counted reads it.
	count   func(*R)
	counted func(R) int

	// left and right return two fields that are written independently.
	left, right func(*R) *string
}

var accounts = mutable[store.Account]{
	kind: kind[store.Account]{
		name: "Account",
		key:  func(a *store.Account) *string { return &a.UserID },
		create: func(s store.Store, ctx context.Context, a store.Account) error {
			return s.UpdateAccount(ctx, a.UserID, func(stored *store.Account) error {
				*stored = a
				return nil
			})
		},
		read: store.Store.Account,
		absent: func(got store.Account, err error, key string) error {
			if err != nil {
				return fmt.Errorf("Account returned the error %w for a user never seen: it must return the zero Account with the UserID, and no error", err)
			}
			if err := diff(got, store.Account{UserID: key}); err != nil {
				return fmt.Errorf("a user never seen has an account that isn't zero: %w", err)
			}
			if got.Version != 0 {
				return fmt.Errorf("a user never seen has an account of version %d: reading, or a failed update, must not store one", got.Version)
			}
			return nil
		},
		twins: userIDTwins,
	},
	update:  store.Store.UpdateAccount,
	version: func(a *store.Account) *uint64 { return &a.Version },
	count:   func(a *store.Account) { a.Failures++ },
	counted: func(a store.Account) int { return a.Failures },
	left:    func(a *store.Account) *string { return &a.Email },
	right:   func(a *store.Account) *string { return &a.Push.Live },
}

var challenges = mutable[store.Challenge]{
	kind: kind[store.Challenge]{
		name:   "Challenge",
		key:    func(c *store.Challenge) *string { return &c.ID },
		create: store.Store.CreateChallenge,
		read:   store.Store.Challenge,
		absent: func(_ store.Challenge, err error, _ string) error { return notFound("Challenge", err) },
		twins:  hashTwins,
		until:  func(c *store.Challenge) *time.Time { return &c.ForgetAt },
	},
	update:  store.Store.UpdateChallenge,
	version: func(c *store.Challenge) *uint64 { return &c.Version },
	count:   func(c *store.Challenge) { c.Epoch++ },
	counted: func(c store.Challenge) int { return int(c.Epoch) },
	left:    func(c *store.Challenge) *string { return &c.Number },
	right:   func(c *store.Challenge) *string { return &c.GrantID },
}

var grants = mutable[store.Grant]{
	kind: kind[store.Grant]{
		name:   "Grant",
		key:    func(g *store.Grant) *string { return &g.ID },
		create: store.Store.CreateGrant,
		read:   store.Store.Grant,
		absent: func(_ store.Grant, err error, _ string) error { return notFound("Grant", err) },
		twins:  hashTwins,
		until:  func(g *store.Grant) *time.Time { return &g.ExpiresAt },
	},
	update:  store.Store.UpdateGrant,
	version: func(g *store.Grant) *uint64 { return &g.Version },
	count:   func(g *store.Grant) { g.Epoch++ },
	counted: func(g store.Grant) int { return int(g.Epoch) },
	left:    func(g *store.Grant) *string { return &g.Binding },
	right:   func(g *store.Grant) *string { return &g.Successor },
}

func notFound(method string, err error) error {
	switch {
	case err == nil:
		return fmt.Errorf("%s returned no error where there is no record: it must return ErrNotFound", method)
	case !errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%s returned the error %w where there is no record: it must return ErrNotFound", method, err)
	}
	return nil
}

// newKey returns a random ID of the form that challenges and grants have.
func newKey() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// record returns a record under a key: filled, but for the time until which it
// is kept, by a seed.
func (k kind[R]) record(key string, seed int) R {
	r := fill[R](seed)
	*k.key(&r) = key
	return r
}

// zero returns a record that has nothing but its key and the time until which
// it is kept.
func (k kind[R]) zero(key string) R {
	var r R
	*k.key(&r) = key
	if k.until != nil {
		*k.until(&r) = horizon
	}
	return r
}

// given creates a record, filled by a seed, under a new key.
func (k kind[R]) given(ctx context.Context, s Subject, seed int) (R, error) {
	r := k.record(newKey(), seed)
	if err := k.create(s.first(), ctx, r); err != nil {
		return r, fmt.Errorf("can't create a record: %w", err)
	}
	// The record that goes out shares nothing with the one that went in.
	return k.record(*k.key(&r), seed), nil
}

// expect checks that a record is stored as it should be.
func (k kind[R]) expect(ctx context.Context, s Subject, want R) error {
	got, err := k.read(s.last(), ctx, *k.key(&want))
	if err != nil {
		return fmt.Errorf("%s returned the error %w for a record that was stored", k.name, err)
	}
	return diff(got, want)
}

// expectNone checks that there is no record under a key.
func (k kind[R]) expectNone(ctx context.Context, s Subject, key string) error {
	got, err := k.read(s.last(), ctx, key)
	return k.absent(got, err, key)
}
