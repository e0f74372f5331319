package factor

import (
	"context"
	"time"

	"github.com/eagate/eagate/store"
)

// SecretPurpose seals TOTP secrets, those in force and those staged alike: a
// staged one comes into force without being sealed anew.
const SecretPurpose = "totp secret"

// A CodeResult says what became of a code.
type CodeResult uint8

const (
	CodeNone          CodeResult = iota // none was tried; the zero value
	CodeWrong                           // not the code; counted
	CodeAccepted                        // right, and used up now
	CodeUsed                            // was right, but it or a later one has been used; counted
	CodePaused                          // not looked at: too many wrong ones, try again later
	CodeBlocked                         // not looked at: too many wrong ones in a row, others must help
	CodeMissing                         // none was given where a proof is needed; not counted
	CodeNotApplicable                   // there is no factor that it could be tried with
)

// A CodeAnswer is a CodeResult with what goes with it.
type CodeAnswer struct {
	Result CodeResult
	Until  time.Time // of CodePaused, and of CodeWrong and CodeUsed that began a pause
}

// try is the one place that decides whether a code is good. It runs inside an
// update of acct, changes what must be remembered, and returns an error only if
// it can't tell: the secret can't be opened, say. The factor is the one in
// force or the staged one.
func (r *Rules) try(acct *store.Account, f store.Factor, used int64, code string) (answer CodeAnswer, step int64, err error) {
	now := r.cfg.Now()
	if acct.Failures >= failuresMax {
		return CodeAnswer{Result: CodeBlocked}, 0, nil
	}
	if now.Before(acct.LockedUntil) {
		return CodeAnswer{Result: CodePaused, Until: acct.LockedUntil}, 0, nil
	}
	secret, err := r.cfg.Keys.Open(f.Secret, SecretPurpose, acct.UserID)
	if err != nil {
		return CodeAnswer{}, 0, err
	}
	n, wellFormed := parseCode(code, f.Digits)
	step, right, err := matchStep(f, secret, n, now)
	if err != nil {
		return CodeAnswer{}, 0, err
	}
	switch {
	case !wellFormed || !right:
		answer.Result = CodeWrong
	case step <= used:
		answer.Result = CodeUsed
	default:
		acct.Failures, acct.LockedUntil = 0, time.Time{}
		return CodeAnswer{Result: CodeAccepted}, step, nil
	}
	if acct.Failures++; acct.Failures >= failuresMax {
		return CodeAnswer{Result: CodeBlocked}, 0, nil
	}
	if pause := pauseAfter(acct.Failures); pause > 0 {
		acct.LockedUntil = now.Add(pause)
		answer.Until = acct.LockedUntil
	}
	return answer, 0, nil
}

// tryInForce tries a code with the factor in force.
func (r *Rules) tryInForce(acct *store.Account, code string) (CodeAnswer, error) {
	if acct.State != store.On {
		return CodeAnswer{Result: CodeNotApplicable}, nil
	}
	answer, step, err := r.try(acct, acct.Factor, acct.LastStep, code)
	if answer.Result == CodeAccepted {
		acct.LastStep = step
	}
	return answer, err
}

// pauseAfter doubles the pause with each wrong code in a row beyond the free
// ones.
func pauseAfter(failures int) time.Duration {
	if failures <= failuresFree {
		return 0
	}
	pause := firstPause
	for range failures - failuresFree - 1 {
		if pause *= 2; pause >= longestPause {
			return longestPause
		}
	}
	return pause
}

// VerifyCode tries a code to unlock a session, and returns the secret of the
// grant if it was right.
func (r *Rules) VerifyCode(ctx context.Context, user User, s Session, code string, until time.Time) (answer CodeAnswer, secret string, err error) {
	own, err := r.ownChallenge(ctx, user, s)
	if err != nil {
		return CodeAnswer{}, "", err
	}
	var (
		epoch  uint64
		voided string
	)
	err = r.updateAccount(ctx, user.ID, func(acct *store.Account) (err error) {
		voided = ""
		if answer, err = r.tryInForce(acct, code); err != nil {
			return err
		}
		epoch = acct.Epoch
		if answer.Result == CodeAccepted && own != "" && acct.Push.Live == own {
			voided, acct.Push.Live = acct.Push.Live, "" // its approval is no longer needed
		}
		return nil
	})
	if err != nil {
		return CodeAnswer{}, "", err
	}
	if answer.Result != CodeAccepted {
		return answer, "", nil
	}
	if err := r.giveUp(ctx, voided, store.Void); err != nil {
		return CodeAnswer{}, "", err
	}
	secret, err = r.grant(ctx, store.Grant{
		UserID: user.ID, Epoch: epoch, Method: store.MethodTOTP, Binding: s.Binding, ExpiresAt: until,
	})
	return answer, secret, err
}

// ownChallenge returns the ID of the session's challenge, or "".
func (r *Rules) ownChallenge(ctx context.Context, user User, s Session) (string, error) {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return "", err
	}
	c, _, err := r.find(ctx, acct, s)
	return c.ID, err
}
