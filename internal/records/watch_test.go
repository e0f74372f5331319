package records_test

import (
	"context"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// notified keeps whether the last write was to be told.
type notified struct {
	store.Backend
	last bool
}

func (n *notified) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	n.last = doc.Notify
	return n.Backend.Put(ctx, kind, doc)
}

// What somebody may wait for is told, and nothing else.
func TestNotify(t *testing.T) {
	account := func(change func(*records.Account)) func(context.Context, *records.Records) error {
		return func(ctx context.Context, r *records.Records) error {
			return r.UpdateAccount(ctx, "alice", func(a *records.Account) error { change(a); return nil })
		}
	}
	challenge := func(change func(*records.Challenge)) func(context.Context, *records.Records) error {
		return func(ctx context.Context, r *records.Records) error {
			return r.UpdateChallenge(ctx, "c", func(c *records.Challenge) error { change(c); return nil })
		}
	}
	for _, row := range []struct {
		name  string
		write func(context.Context, *records.Records) error
		want  bool
	}{
		{"switched off", account(func(a *records.Account) { a.State = records.Off }), true},
		{"another epoch", account(func(a *records.Account) { a.Epoch++ }), true},
		{"another challenge", account(func(a *records.Account) { a.Push.Live = "d" }), true},
		{"no longer being made", account(func(a *records.Account) { a.Push.Reserved = "" }), true},
		{"held", account(func(a *records.Account) { a.HeldSince = time.Now() }), true},
		{"released", account(func(a *records.Account) { a.ReleasedAt = time.Now() }), true},
		{"a wrong code", account(func(a *records.Account) { a.Failures++ }), false},
		{"a request", account(func(a *records.Account) { a.Push.Sent = append(a.Push.Sent, time.Now()) }), false},
		{"approved", challenge(func(c *records.Challenge) { c.State = records.Approved }), true},
		{"a number", challenge(func(c *records.Challenge) { c.Number = "70" }), false},
		{"a new challenge", func(ctx context.Context, r *records.Records) error {
			return r.CreateChallenge(ctx, records.Challenge{ID: "new"})
		}, false},
		{"a grant", func(ctx context.Context, r *records.Records) error { return r.CreateGrant(ctx, records.Grant{ID: "g"}) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := &notified{Backend: store.NewMemory()}
			r := records.New(n, newKeyring(t, key))
			expect.NoError(t, r.CreateChallenge(t.Context(), records.Challenge{ID: "c"}))
			begin := account(func(a *records.Account) {
				a.State, a.Epoch, a.Push.Live, a.Push.Reserved = records.On, 1, "c", "s"
			})
			expect.NoError(t, begin(t.Context(), r))
			expect.NoError(t, row.write(t.Context(), r))
			expect.Equal(t, n.last, row.want, "Notify")
		})
	}
}
