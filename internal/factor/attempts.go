package factor

import (
	"context"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/totp"
)

// Codes of the phone and recovery codes are counted apart, so that wrong ones of one
// kind never keep those of the other from being looked at. What proves the second
// factor forgives both.
const (
	failuresFree        = 4  // wrong codes before the first pause
	failuresMax         = 20 // wrong codes of the phone in a row before only others can help (NIST SP 800-63B-4 §3.2.2)
	recoveryFailuresMax = 50 // the same of recovery codes: §3.2.2 has 100 at most
	firstPause          = 30 * time.Second
	longestPause        = time.Hour
	busyPause           = time.Second
)

// Blocked reports whether no more codes are looked at, of the phone and recovery codes.
func Blocked(acct records.Account) (phone, recovery bool) {
	return acct.Failures >= failuresMax, acct.RecoveryFailures >= recoveryFailuresMax
}

// LockOf returns what keeps the account's codes by that method from being looked at.
func (r *Rules) LockOf(acct records.Account, method eagate.Method) eagate.Lock {
	if !acct.HeldSince.IsZero() {
		return eagate.LockHeld
	}
	now := r.cfg.Now()
	return guesses(&acct, method).lock(now, now)
}

// A guessCount is an account's count of wrong codes of one kind.
type guessCount struct {
	method   eagate.Method
	failures *int
	until    *time.Time // of the pause
	most     int
}

// guesses returns the account's count of wrong codes by that method.
func guesses(acct *records.Account, method eagate.Method) guessCount {
	if method == eagate.Recovery {
		return guessCount{method, &acct.RecoveryFailures, &acct.RecoveryLockedUntil, recoveryFailuresMax}
	}
	return guessCount{method, &acct.Failures, &acct.LockedUntil, failuresMax}
}

// lock returns what keeps codes that came then from being looked at now.
func (g guessCount) lock(at, now time.Time) eagate.Lock {
	switch {
	case *g.failures >= g.most:
		return eagate.LockBlocked
	case active(*g.until, at, longestPause+now.Sub(at)):
		return eagate.LockPaused
	}
	return eagate.LockNone
}

// refusal returns the answer to a code that came then and isn't looked at, or that of
// [CodeNone].
func (g guessCount) refusal(at, now time.Time) CodeAnswer {
	answer := CodeAnswer{Method: g.method, CheckClock: g.suspectsClock()}
	switch g.lock(at, now) {
	case eagate.LockBlocked:
		answer.Result = CodeBlocked
	case eagate.LockPaused:
		answer.Result, answer.Until = CodePaused, *g.until
	case eagate.LockNone, eagate.LockHeld:
	}
	return answer
}

// count counts a refused code.
func (g guessCount) count(result CodeResult, now time.Time) CodeAnswer {
	*g.failures++
	answer := CodeAnswer{Result: result, Method: g.method, CheckClock: g.suspectsClock(), counted: true}
	if *g.failures >= g.most {
		answer.Result, answer.blocked = CodeBlocked, true
		return answer
	}
	if pause := pauseAfter(*g.failures); pause > 0 {
		*g.until = now.Add(pause)
		answer.Until, answer.paused = *g.until, *g.until
	}
	return answer
}

// suspectsClock reports whether more than one code of the phone was wrong in a row.
func (g guessCount) suspectsClock() bool { return g.method == eagate.TOTP && *g.failures > 1 }

// pauseAfter doubles the pause with each wrong code in a row beyond the free
// ones.
func pauseAfter(failures int) time.Duration {
	return backoff(firstPause, longestPause, failures-failuresFree-1)
}

// forgive resets the counts of wrong codes and of unapproved requests, after a proof.
func forgive(acct *records.Account, now time.Time) {
	forgiveWrongCodes(&acct.WrongCodes, now)
	acct.Push.Unapproved, acct.Push.PausedUntil = 0, time.Time{}
	acct.Failures, acct.LockedUntil = 0, time.Time{}
	acct.RecoveryFailures, acct.RecoveryLockedUntil = 0, time.Time{}
}

// proofWithin is how long after a wrong code a proof still shows that it was the owner
// who typed it.
const proofWithin = 10 * time.Minute

// noteWrongCode notes a wrong code, and returns of how many the owner is to be warned
// now.
func noteWrongCode(w *records.WrongCodes, now time.Time) (warn int) {
	if w.Count == 0 {
		w.Since, w.TellAt = now, now.Add(proofWithin)
		if next := w.ToldAt.Add(warnEvery); active(next, now, warnEvery) && next.After(w.TellAt) {
			w.TellAt = next
		}
	}
	w.Count++
	return takeWrongCodes(w, now)
}

// takeWrongCodes returns of how many wrong codes the owner is to be warned now, and
// notes that this is done.
func takeWrongCodes(w *records.WrongCodes, now time.Time) int {
	n := w.Count
	if n == 0 || active(w.TellAt, now, warnEvery) {
		return 0
	}
	forgetWrongCodes(w)
	w.ToldAt = now
	return n
}

// forgiveWrongCodes forgets those that a proof followed soon.
func forgiveWrongCodes(w *records.WrongCodes, now time.Time) {
	if active(w.Since.Add(proofWithin), now, proofWithin) {
		forgetWrongCodes(w)
	}
}

func forgetWrongCodes(w *records.WrongCodes) {
	w.Count, w.Since, w.TellAt = 0, time.Time{}, time.Time{}
}

// warnOfWrongCodes emits eagate.EventWrongCodes if it is due for the account, on one node only.
func (r *Rules) warnOfWrongCodes(ctx context.Context, userID string) error {
	var e eagate.Event
	err := r.updateAccount(ctx, userID, func(acct *records.Account) error {
		e = eagate.Event{Kind: eagate.EventWrongCodes, UserID: userID, Email: acct.Email, Count: takeWrongCodes(&acct.WrongCodes, r.cfg.Now())}
		if e.Count == 0 {
			return records.ErrUnchanged
		}
		return nil
	})
	if err == nil && e.Count > 0 {
		r.emit(ctx, e)
	}
	return err
}

// parametersOf returns how a factor's codes are made.
func parametersOf(f records.Factor) totp.Parameters {
	return totp.Parameters{Algorithm: f.Algorithm, Digits: f.Digits, Period: time.Duration(f.Period) * time.Second}
}

// isUsed reports whether the code of a step of acct's factor in force was accepted
// before, or is older than one that was.
func isUsed(acct *records.Account, step int64, now time.Time) bool {
	reach := parametersOf(acct.Factor).Step(now.Add(longestPause))
	return totp.Used{Last: acct.LastStep, Earlier: acct.EarlierSteps}.Bars(step, reach)
}

// acceptStep notes that the code of a step was accepted.
func acceptStep(acct *records.Account, step int64) {
	used := totp.Used{Last: acct.LastStep, Earlier: acct.EarlierSteps}.With(step)
	acct.LastStep, acct.EarlierSteps = used.Last, used.Earlier
}
