package middleware

import (
	"context"
	"iter"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/store"
)

// An Admin is what operators can do. Its methods ask nobody for a proof: call
// them from a command or a page that only operators reach. It is safe for
// concurrent use.
type Admin struct {
	rules *factor.Rules
}

// Admin returns what operators can do with the gate's accounts.
func (g *Gate) Admin() *Admin { return &Admin{g.rules} }

// A LateSync is an account of which the service doesn't know how it stands.
type LateSync struct {
	UserID  string
	Email   string
	Enabled bool // what the service should know

	Since       time.Time // when the oldest change was made that it doesn't know
	Attempts    int       // to tell it of the newest, in vain
	LastError   string    // of the last one; without secrets
	NextAttempt time.Time
}

// LateSyncs returns the accounts of which the service doesn't know how they
// stand, in no particular order. While [Gate.Run] runs on some node, it goes on
// trying for ever, with pauses that grow to an hour. The list ends with the first
// error, which is the store's.
func (a *Admin) LateSyncs(ctx context.Context) iter.Seq2[LateSync, error] {
	return func(yield func(LateSync, error) bool) {
		for acct, err := range a.rules.Accounts(ctx, store.AccountFilter{Late: true}) {
			if !yield(LateSync{
				UserID: acct.UserID, Email: acct.Email, Enabled: acct.State == store.On,
				Since: acct.Sync.Since, Attempts: acct.Sync.Attempts, LastError: acct.Sync.LastErr,
				NextAttempt: acct.Sync.NextAt,
			}, err) || err != nil {
				return
			}
		}
	}
}

// Progress says how far a change of all accounts has come.
type Progress struct {
	Seen    int // accounts looked at
	Changed int // those that needed the change, and have it
	Failed  int // those that couldn't be changed
}

// ResyncAll has the service told anew how every account stands: the service has
// no call to read what it believes, so this puts it right after it has lost
// something, say. It sends nothing itself; [Gate.Run] does, in its own time, and
// [Admin.LateSyncs] shows what is left.
//
// report is called now and then, and at the end; it may be nil. Accounts that
// can't be changed are counted, and the first ones named in the error. It may be
// called again at any time.
func (a *Admin) ResyncAll(ctx context.Context, report func(Progress)) (Progress, error) {
	p, err := a.rules.ResyncAll(ctx, reporting(report))
	return Progress(p), err
}

// ResealAll seals by the newest key what former ones have sealed, in every
// account. Accounts that change are resealed anyway; this reaches the others, so
// that a key can be retired:
//
//  1. Let every node open what the new key seals: WithKey(former, new).
//  2. Let every node seal by it: WithKey(new, former).
//  3. Register the new [Gate.CallbackURL] in the Console.
//  4. Call ResealAll, and again if it failed.
//  5. Take the former key away: WithKey(new).
//
// report is called now and then, and at the end; it may be nil. An account whose
// secret none of the keys opens counts as failed, and the first ones are named in
// the error. It may be called again at any time.
func (a *Admin) ResealAll(ctx context.Context, report func(Progress)) (Progress, error) {
	p, err := a.rules.ResealAll(ctx, reporting(report))
	return Progress(p), err
}

func reporting(report func(Progress)) func(factor.Progress) {
	return func(p factor.Progress) {
		if report != nil {
			report(Progress(p))
		}
	}
}
