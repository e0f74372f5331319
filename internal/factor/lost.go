package factor

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// ErrAccountLost says that a session holds what its user's second factor has left
// there, and that the user has no account, or one that never had a second factor.
// Accounts are never deleted, and keep an epoch when the second factor is switched
// off, so that the store has lost it, or isn't the one that it was. An account that
// was begun anew meanwhile, by another session of the user, is not the same.
var ErrAccountLost = errors.New("factor: the account of a session that was asked for a second factor is missing: " +
	"see whether WithStore leads to the right database, and restore the account from a backup")

// watchVersion says in the log that an account is older than this node has seen it:
// an earlier state was put back, or the account was deleted. Records can't prove
// that, but operators should know.
func (r *Rules) watchVersion(ctx context.Context, read records.Account) {
	seen, ok := r.cache.accounts.Peek(read.UserID)
	if !ok || read.Version >= seen.version {
		return
	}
	// It may have been changed, and seen, while this one was on its way.
	again, err := r.Account(ctx, read.UserID)
	if err != nil || again.Version >= seen.version {
		return
	}
	r.cfg.Log.ErrorContext(ctx, "eagate: an account is older than it was: the store has gone back, or the account was deleted or put back there",
		slog.String("user", read.UserID), slog.Uint64("version", again.Version), slog.Uint64("seen", seen.version))
}

// ownerTag ends each secret of a user's grants: with it, a session that holds one is
// known to be that user's although there is no account.
func ownerTag(userID string) string { return "." + hash("eagate user\x00" + userID)[:8] }

// isSecretOf reports whether a grant's secret is one of that user's.
func isSecretOf(secret, userID string) bool {
	return secret != "" && strings.HasSuffix(secret, ownerTag(userID))
}

// CheckAsked is CheckAnew for a session that was asked for a proof: where the user no
// longer has a second factor, it is Over, unless the factor was switched off in that very
// session. The session need not say so itself: the node may have ended before it was saved.
func (r *Rules) CheckAsked(ctx context.Context, userID, secret string) (Verdict, records.Grant, error) {
	ctx = storelimit.Fresh(storelimit.WithBudget(ctx))
	acct, err := r.Account(ctx, userID)
	switch {
	case err != nil:
		return Locked, records.Grant{}, err
	case acct.State == records.On:
		return r.CheckAnew(ctx, userID, secret)
	case acct.Epoch == 0:
		return Locked, records.Grant{}, ErrAccountLost
	case acct.OffBy == hash(secret):
		return Open, records.Grant{}, nil
	}
	return Over, records.Grant{}, nil
}

// CheckPending returns [ErrAccountLost] if the account of a user is lost whose session
// was asked for a proof. Check has found that the user has no second factor.
func (r *Rules) CheckPending(ctx context.Context, userID string) error {
	now := r.instant()
	if acct, known := r.cache.accounts.Get(userID); known && acct.isFresh(now) && !acct.neverOn() {
		return nil
	}
	acct, err := r.Account(storelimit.WithBudget(ctx), userID)
	if err == nil && newCachedAccount(acct, now).neverOn() {
		err = ErrAccountLost
	}
	return err
}
