package handlers

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/templates"
)

// enrolmentJSON is what a program needs to set up a phone.
type enrolmentJSON struct {
	Secret    string    `json:"secret"` // Base32 without padding
	URI       string    `json:"uri"`    // for a QR code
	Algorithm string    `json:"algorithm"`
	Digits    int       `json:"digits"`
	Period    int       `json:"period"` // seconds
	CodesOnly bool      `json:"codes_only,omitempty"`
	ExpiresAt time.Time `json:"expires_at"`
}

// enrol makes a new secret for the user to set up a phone with.
func (h *Handlers) enrol(v *visit) {
	code, ok := h.readCode(v)
	if !ok {
		return
	}
	ref, err := h.cfg.Sessions.Bind(v.r)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	browser := h.cfg.Sessions.NewBrowser().Begun()
	ref.Form.Route = h.routeOf(v)
	if len(ref.Secrets) == 0 { // it is known by that one from now on
		ref.Secrets = []string{browser.Secret()}
	}
	answer, err := h.cfg.Rules.Stage(v.ctx(), v.user, ref, browser.Hash(), v.proof(code))
	if err == nil && answer.Result == factor.CodeAccepted {
		h.cfg.Sessions.KeepBrowser(v.w, v.r, browser)
		h.cfg.Sessions.KeepStaged(v.ctx())
		v.browser = browser.Hash()
	}
	switch {
	case err != nil:
		h.failChange(v, err)
	case answer.Result != factor.CodeAccepted:
		h.refuseChange(v, answer)
	case prefersJSON(v.r):
		h.enrolment(v)
	default:
		seeOther(v.w, h.cfg.Base+"/enable")
	}
}

// enrolment shows the secret to the session that asked for it.
func (h *Handlers) enrolment(v *visit) {
	h.showEnrolment(v, http.StatusOK, factor.CodeAnswer{})
}

func (h *Handlers) showEnrolment(v *visit, code int, answer factor.CodeAnswer) {
	e, err := h.cfg.Rules.Staged(v.ctx(), v.user, h.ref(v))
	if err != nil {
		h.failEnrolment(v, err)
		return
	}
	if prefersJSON(v.r) {
		sendJSON(v.w, code, typeJSON, enrolmentJSON{
			Secret: e.Secret, URI: e.URI,
			Algorithm: e.Parameters.Algorithm, Digits: e.Parameters.Digits, Period: int(e.Parameters.Period / time.Second),
			CodesOnly: e.CodesOnly,
			ExpiresAt: e.ExpiresAt,
		})
		return
	}
	key, err := templates.ParseKeyURI(e.URI)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	h.show(v.w, v.r, code, func(p templates.Page) templates.View {
		p.Email = e.Email
		return templates.Enable{
			Page: p, Key: key, Replaces: v.verdict == factor.Verified, ExpiresAt: e.ExpiresAt, CodesOnly: e.CodesOnly,
			Code: h.codeForm(v, e.Parameters.Digits, answer),
		}
	})
}

// confirm switches the second factor on, or over to another phone. What follows the code
// is done though the browser may have left: the next page that it asks for shows it.
func (h *Handlers) confirm(v *visit) {
	v.field = eagate.TOTP
	code, ok := h.readCode(v)
	if !ok {
		return
	}
	v.form = h.form(v, code)
	v.detach()
	ref := h.ref(v)
	if !h.confirmedBefore(v, ref) {
		return
	}
	ctx := v.ctx()
	acct, err := h.cfg.Rules.Account(ctx, v.user.ID)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	viewer := h.viewer(v, acct, ref)
	if v.again {
		h.enabled(v, viewer)
		return
	}
	answer, secret, err := h.cfg.Rules.Confirm(ctx, v.user, ref, v.proof(code), h.cfg.Sessions.Until(ctx))
	switch {
	case err != nil:
		h.failEnrolment(v, err)
	case answer.Result == factor.CodeHeld, answer.Result != factor.CodeAccepted && prefersJSON(v.r):
		h.failCode(v, answer)
	case answer.Result != factor.CodeAccepted:
		h.showEnrolment(v, codeStatus(answer), answer)
	default:
		if prefersJSON(v.r) {
			h.cfg.Sessions.TakeNext(ctx) // before unlock saves the session without it
		}
		if h.unlock(v, ref, secret, eagate.TOTP) {
			h.enabled(v, viewer)
		}
	}
}

// confirmedBefore looks whether the browser has sent its confirmation before, and may not
// know that the factor is on. A session that is locked must have: any other enrolment is
// of a session that isn't. It returns false if it has answered the request.
func (h *Handlers) confirmedBefore(v *visit, ref factor.Session) bool {
	if v.verdict == factor.Verified { // by what it had sent when it was called that
		ref.Binding = v.grant.Binding
	}
	sent, err := h.cfg.Rules.SentBefore(v.ctx(), v.user, ref)
	switch {
	case err != nil:
		h.Unavailable(v.w, v.r, err)
		return false
	case v.verdict == factor.Locked && sent:
		return h.resume(v, ref)
	case v.verdict == factor.Locked:
		return h.admit(v)
	}
	v.again = sent && v.verdict == factor.Verified
	return true
}

// viewer is who will see the first recovery codes: the browser that has begun the
// enrolment, unless it is a program.
func (h *Handlers) viewer(v *visit, acct records.Account, ref factor.Session) factor.Viewer {
	if prefersJSON(v.r) {
		return factor.Viewer{}
	}
	browser := acct.RecoveryMaker // of the same form, sent before
	if acct.Staged != nil {
		browser = acct.Staged.Browser
	}
	secret := ref.Secret(browser)
	if n := len(ref.Secrets); secret == "" && n > 0 { // the first has just been accepted
		secret = ref.Secrets[n-1]
	}
	return factor.Viewer{Secret: secret, Enabled: true}
}

// enabled makes the first recovery codes of somebody who has none, tells the service that
// a factor was switched on, and leads a person to the page that says so.
func (h *Handlers) enabled(v *visit, viewer factor.Viewer) {
	// The code was taken: however long that has waited for the store, this comes with it.
	ctx := storelimit.WithNewBudget(v.ctx())
	acct, err := h.cfg.Rules.Account(ctx, v.user.ID)
	var codes []string
	if err == nil && acct.Recovery == nil {
		v.basis = v.basis.After(v.grant)
		_, codes, err = h.cfg.Rules.MakeRecovery(ctx, v.user, v.proof(""), viewer)
		if err == nil && codes == nil {
			err = errors.New("handlers: the session was overtaken meanwhile, or others wait for their codes")
		}
	}
	var limit *factor.RecoveryLimit
	if err != nil && !errors.As(err, &limit) && !errors.Is(err, factor.ErrMadeMeanwhile) {
		// The factor is on; that there are no codes, the security page will say.
		h.cfg.Log.ErrorContext(ctx, "eagate: no recovery codes were made", slog.String("user", v.user.ID), slog.Any("error", err))
	}
	h.cfg.Rules.SyncNow(ctx, v.user.ID)
	shown := codes != nil
	if !shown && !prefersJSON(v.r) { // by the same form, sent before
		_, shown, _ = h.newCodes(v, acct)
	}
	switch {
	case prefersJSON(v.r):
		sendJSON(v.w, http.StatusOK, typeJSON, accountStatus{
			State: templates.FactorOn.String(), EnabledAt: &acct.EnabledAt, RecoveryCodes: codes, CodesOnly: acct.Factor.CodesOnly,
		})
	case shown:
		seeOther(v.w, h.cfg.Base+"/recovery-codes")
	default:
		seeOther(v.w, h.cfg.Base+"/enable")
	}
}

// justEnabled is how long the page of the enrolment says that it was finished.
const justEnabled = 10 * time.Minute

// finished leads a person who comes to an enrolment that there is none of, because it was
// finished, to where it says so. It returns false if that isn't so.
func (h *Handlers) finished(v *visit) (bool, error) {
	acct, err := h.cfg.Rules.Account(v.ctx(), v.user.ID)
	if err != nil || acct.State != records.On || acct.Staged != nil || v.verdict != factor.Verified {
		return false, err
	}
	_, shown, err := h.newCodes(v, acct)
	age := h.cfg.Rules.Now().Sub(acct.EnabledAt)
	switch {
	case err != nil:
		return false, err
	case shown:
		seeOther(v.w, h.cfg.Base+"/recovery-codes")
	case age < 0 || age >= justEnabled:
		seeOther(v.w, h.cfg.Base+"/")
	case v.r.Method == http.MethodPost:
		seeOther(v.w, h.cfg.Base+"/enable")
	default:
		kind := templates.MessageEnabled
		if acct.Factor.CodesOnly {
			kind = templates.MessageEnabledCodes
		}
		next := h.next(v)
		if factor.RecoveryLeft(acct) == 0 { // none could be made
			next = h.cfg.Base + "/"
		}
		h.show(v.w, v.r, http.StatusOK, func(p templates.Page) templates.View {
			p.Email = v.user.Email
			return templates.Message{Page: p, Kind: kind, Next: next}
		})
	}
	return true, nil
}

// failEnrolment answers a request that there is no enrolment for.
func (h *Handlers) failEnrolment(v *visit, err error) {
	other := errors.Is(err, factor.ErrOtherBrowser)
	if !other && !errors.Is(err, factor.ErrNoEnrolment) {
		h.failChange(v, err)
		return
	}
	if other && prefersJSON(v.r) {
		h.otherBrowser(v)
		return
	}
	if !prefersJSON(v.r) {
		done, err := h.finished(v)
		if err != nil {
			h.Unavailable(v.w, v.r, err)
			return
		}
		if done {
			return
		}
	}
	if v.r.Method == http.MethodGet && !prefersJSON(v.r) {
		h.leadIn(v)
		return
	}
	page := templates.MessageEnrolmentExpired
	if v.verdict == factor.Verified {
		page = templates.MessageReplacementExpired
	}
	h.fail(v.w, v.r, failure{problem: eagate.ProblemNoEnrolment, page: page})
}
