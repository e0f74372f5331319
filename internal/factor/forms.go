package factor

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

	"github.com/eagate/eagate/internal/passcode"
	"github.com/eagate/eagate/internal/records"
)

// repeatedWithin is how long the same browser is told once more what came of a form or of an
// approval: it was sent twice, or the answer got lost.
const repeatedWithin = time.Minute

// A Form is a code and where it was sent to. The zero Form is none.
type Form struct{ Route, Code string }

// formIDs returns the IDs, as records keep them, that the session's form has with each
// of its browser's secrets. What is kept is the last.
func (r *Rules) formIDs(userID string, s Session) []string {
	if s.Form == (Form{}) || s.Binding == "" {
		return nil
	}
	return r.senders(userID, s, s.Form.Route, passcode.Plain(s.Form.Code))
}

// senders returns what names the user's session and its browser, by each of the browser's
// secrets, together with what they have sent.
func (r *Rules) senders(userID string, s Session, route, code string) []string {
	ids := make([]string, len(s.Secrets))
	for i, secret := range s.Secrets {
		mac := r.cfg.Keys.MAC([]byte("form"), []byte(hash(userID)), []byte(s.Binding), []byte(hash(secret)), []byte(route), []byte(code))
		ids[i] = base64.RawURLEncoding.EncodeToString(mac)
	}
	return ids
}

// formID is the ID that is kept of the session's form, or "" if there is none that could
// be known again.
func (r *Rules) formID(userID string, s Session) string {
	if ids := r.formIDs(userID, s); len(ids) > 0 {
		return ids[len(ids)-1]
	}
	return ""
}

// noteForm notes that the code of the session's form was accepted right now.
func (r *Rules) noteForm(acct *records.Account, s Session) {
	acct.LastForm = records.Form{}
	if id := r.formID(acct.UserID, s); id != "" {
		by := r.senders(acct.UserID, s, "", "")
		acct.LastForm = records.Form{ID: id, By: by[len(by)-1], At: r.cfg.Now()}
	}
}

// forgetForm has the user's last form be a new one if it is sent again.
func (r *Rules) forgetForm(ctx context.Context, userID string) error {
	acct, err := r.Account(ctx, userID)
	if err != nil || acct.LastForm.ID == "" {
		return err
	}
	return r.updateAccount(ctx, userID, func(acct *records.Account) error {
		acct.LastForm = records.Form{}
		return nil
	})
}

// sentBefore reports whether the session's form is the account's last one, whose code was
// accepted a moment ago, and returns when that was.
func (r *Rules) sentBefore(acct *records.Account, s Session) (at time.Time, ok bool) {
	last := acct.LastForm
	good := last.ID != "" && r.justNow(last.At) && acct.State == records.On && acct.HeldSince.IsZero()
	return last.At, good && slices.Contains(r.formIDs(acct.UserID, s), last.ID)
}

// SentBefore reports whether the request's browser has sent the same form a moment ago,
// and its code was accepted.
func (r *Rules) SentBefore(acct records.Account, s Session) bool {
	_, ok := r.sentBefore(&acct, s)
	return ok
}

// UnderWay reports whether another request of the same browser is just about to unlock the
// session: its code was accepted, or it has taken the approval of the phone.
func (r *Rules) UnderWay(ctx context.Context, acct records.Account, s Session, view View) (bool, error) {
	if acct.State != records.On || s.Binding == "" {
		return false, nil
	}
	now, longest := r.cfg.Now(), r.cfg.StoreTimeout+strandedAfter
	if last := acct.LastForm; last.By != "" && active(last.At.Add(longest), now, longest) && slices.Contains(r.senders(acct.UserID, s, "", ""), last.By) {
		return true, nil
	}
	if view.Phase != PhaseConsumed || !s.began(view.browser) {
		return false, nil
	}
	c, err := r.challenge(ctx, view.ID)
	if err != nil || c.GrantID == "" {
		return false, err
	}
	g, err := r.cfg.Records.Grant(ctx, c.GrantID)
	if err != nil {
		return false, ignore(err, records.ErrNotFound)
	}
	return g.Kind == records.KindProof && active(g.VerifiedAt.Add(longest), now, longest), nil
}

// justNow reports whether that is no longer ago than a form is known again.
func (r *Rules) justNow(at time.Time) bool {
	return active(at.Add(repeatedWithin), r.cfg.Now(), repeatedWithin)
}
