package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate/internal/records"
)

// proofWithin is how long the owner has to give a proof after a wrong code, before it
// looks as if somebody else had typed it.
const proofWithin = 10 * time.Minute

// noteWrongCode notes a wrong code, and returns how many the owner is to be told of
// now.
func noteWrongCode(w *records.WrongCodes, now time.Time) (tell int) {
	if w.Count == 0 {
		w.Since, w.TellAt = now, now.Add(proofWithin)
		if next := w.ToldAt.Add(warnEvery); holds(next, now, warnEvery) && next.After(w.TellAt) {
			w.TellAt = next
		}
	}
	w.Count++
	return takeWrongCodes(w, now)
}

// takeWrongCodes returns how many wrong codes the owner is to be told of now, and
// notes that this is done.
func takeWrongCodes(w *records.WrongCodes, now time.Time) int {
	n := w.Count
	if n == 0 || holds(w.TellAt, now, warnEvery) {
		return 0
	}
	forgetWrongCodes(w)
	w.ToldAt = now
	return n
}

// forgiveWrongCodes forgets those that a proof came soon after.
func forgiveWrongCodes(w *records.WrongCodes, now time.Time) {
	if holds(w.Since.Add(proofWithin), now, proofWithin) {
		forgetWrongCodes(w)
	}
}

func forgetWrongCodes(w *records.WrongCodes) {
	w.Count, w.Since, w.TellAt = 0, time.Time{}, time.Time{}
}

// tellWrongCodes tells the account's owner of wrong codes if that is due: whichever
// node comes first.
func (r *Rules) tellWrongCodes(ctx context.Context, userID string) error {
	var e Event
	err := r.updateAccount(ctx, userID, func(acct *records.Account) error {
		e = Event{Kind: EventWrongCodes, UserID: userID, Email: acct.Email, Count: takeWrongCodes(&acct.WrongCodes, r.cfg.Now())}
		if e.Count == 0 {
			return errUnchanged
		}
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	if err == nil {
		r.emit(ctx, e)
	}
	return err
}
