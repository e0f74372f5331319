package handlers

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
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
	answer, err := h.cfg.Rules.Stage(v.ctx(), v.user, ref, browser.Hash(), v.proof(code))
	if err == nil && answer.Result == factor.CodeAccepted {
		h.cfg.Sessions.KeepBrowser(v.w, v.r, browser)
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

// confirm switches the second factor on, or over to another phone.
func (h *Handlers) confirm(v *visit) {
	v.field = records.MethodTOTP
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
	if v.again {
		h.enabled(v, h.onward(v))
		return
	}
	ctx := v.ctx()
	answer, secret, err := h.cfg.Rules.Confirm(ctx, v.user, ref, v.proof(code), h.cfg.Sessions.Until(ctx))
	switch {
	case err != nil:
		h.failEnrolment(v, err)
	case answer.Result == factor.CodeHeld, answer.Result != factor.CodeAccepted && prefersJSON(v.r):
		h.failCode(v, answer)
	case answer.Result != factor.CodeAccepted:
		h.showEnrolment(v, codeStatus(answer), answer)
	default:
		next := h.onward(v) // before unlock saves the session without it
		if h.unlock(v, ref, secret, records.MethodTOTP) {
			h.enabled(v, next)
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

// enabled tells the service and the user that a factor was switched on, and shows
// somebody who has no recovery codes yet the first ones. From there it goes on to
// next.
func (h *Handlers) enabled(v *visit, next string) {
	acct, err := h.cfg.Rules.Account(v.ctx(), v.user.ID)
	var codes []string
	if err == nil && acct.Recovery == nil {
		v.basis = v.basis.After(v.grant)
		_, codes, err = h.cfg.Rules.MakeRecovery(v.ctx(), v.user, v.proof(""))
		if err == nil && codes == nil {
			err = errors.New("handlers: the session was overtaken meanwhile, or others wait for their codes")
		}
	}
	var limit *factor.RecoveryLimit
	if err != nil && !errors.As(err, &limit) {
		// The factor is on; that there are no codes, the security page will say.
		h.cfg.Log.ErrorContext(v.ctx(), "eagate: no recovery codes were made", slog.String("user", v.user.ID), slog.Any("error", err))
	}
	h.cfg.Rules.SyncNow(v.ctx(), v.user.ID)
	switch {
	case prefersJSON(v.r):
		sendJSON(v.w, http.StatusOK, typeJSON, accountStatus{
			State: templates.FactorOn.String(), EnabledAt: &acct.EnabledAt, RecoveryCodes: codes, CodesOnly: acct.Factor.CodesOnly,
		})
	case codes != nil:
		h.showCodes(v, templates.Recovery{Codes: codes, Enabled: true, CodesOnly: acct.Factor.CodesOnly, Next: next})
	default:
		kind := templates.MessageEnabled
		if acct.Factor.CodesOnly {
			kind = templates.MessageEnabledCodes
		}
		h.show(v.w, v.r, http.StatusOK, func(p templates.Page) templates.View {
			p.Email = v.user.Email
			return templates.Message{Page: p, Kind: kind, Next: next}
		})
	}
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
	if v.r.Method == http.MethodGet && !prefersJSON(v.r) {
		h.leadIn(v)
		return
	}
	h.fail(v.w, v.r, failure{
		status: http.StatusConflict, kind: "no-enrolment", title: "No enrolment is under way in this session; begin again",
		page: templates.MessageEnrolmentExpired,
	})
}
