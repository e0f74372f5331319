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

// enrol makes a new secret for the user to set up a phone with.
func (h *Handlers) enrol(v *visit) answer {
	code, err := v.readCode()
	if err != nil {
		return badBody(err)
	}
	if err := h.cfg.Sessions.Bind(v.r, &v.Caller); err != nil {
		return fault{err}
	}
	browser, ref := h.cfg.Sessions.NewBrowser().Begun(), v.Session
	ref.Form.Route = h.routeOf(v)
	if len(ref.Secrets) == 0 { // it is known by that one from now on
		ref.Secrets = []string{browser.Secret()}
	}
	outcome, err := h.cfg.Rules.Stage(v.ctx(), v.User, ref, browser.Hash(), v.proof(code))
	if err == nil && outcome.Result == factor.CodeAccepted {
		h.keep(v, browser)
		h.cfg.Sessions.KeepStaged(v.ctx())
	}
	switch {
	case err != nil:
		return failChange(err)
	case outcome.Result != factor.CodeAccepted:
		return wrongCode{outcome, h.showSecurity}
	case v.json:
		return h.enrolment(v)
	default:
		return redirect(h.cfg.Base + "/enable")
	}
}

// enrolment shows the secret to the session that asked for it.
func (h *Handlers) enrolment(v *visit) answer {
	return h.showEnrolment(v, factor.CodeAnswer{})
}

func (h *Handlers) showEnrolment(v *visit, outcome factor.CodeAnswer) answer {
	e, err := h.cfg.Rules.Staged(v.ctx(), v.User, v.Session)
	if err != nil {
		return h.failEnrolment(v, err)
	}
	if v.json {
		return reply{http.StatusOK, enrolmentJSON{
			Secret: e.Key.Secret, URI: e.Key.URI(),
			Algorithm: e.Key.Algorithm, Digits: e.Key.Digits, Period: int(e.Key.Period / time.Second),
			CodesOnly: e.CodesOnly,
			ExpiresAt: e.ExpiresAt,
		}}
	}
	key, err := templates.ParseKeyURI(e.Key.URI())
	if err != nil {
		return fault{err}
	}
	return html{codeStatus(outcome), func(p templates.Page) templates.View {
		p.Email = e.Key.Email
		return templates.Enable{
			Page: p, Key: key, Replaces: v.Standing == factor.Verified, ExpiresAt: e.ExpiresAt, CodesOnly: e.CodesOnly,
			Code: h.codeForm(v, e.Key.Digits, outcome),
		}
	}}
}

// confirm switches the second factor on, or over to another phone. What follows the code
// is done though the browser may have left: the next page that it asks for shows it.
func (h *Handlers) confirm(v *visit) answer {
	v.field = eagate.TOTP
	code, err := v.readCode()
	if err != nil {
		return badBody(err)
	}
	v.Session.Form = h.formOf(v, code)
	v.detach()
	ref := v.Session
	if a := h.confirmedBefore(v, ref); a != nil {
		return a
	}
	viewer := v.viewer(ref)
	if v.Resumed {
		return h.enabled(v, viewer)
	}
	ctx := v.ctx()
	outcome, secret, err := h.cfg.Rules.Confirm(ctx, v.User, ref, v.proof(code), h.cfg.Sessions.Until(ctx))
	switch {
	case err != nil:
		return h.failEnrolment(v, err)
	case outcome.Result != factor.CodeAccepted:
		return wrongCode{outcome, h.showEnrolment}
	}
	if v.json {
		h.cfg.Sessions.TakeNext(ctx) // before Enter saves the session without it
	}
	if err := h.cfg.Sessions.Enter(v.w, v.r, &v.Caller, factor.Entry{Secret: secret, Method: eagate.TOTP}); err != nil {
		return failChange(err)
	}
	return h.enabled(v, viewer)
}

// confirmedBefore looks whether the browser has sent its confirmation before, and may not
// know that the factor is on. A session that is locked must have: any other enrolment is
// of a session that isn't.
func (h *Handlers) confirmedBefore(v *visit, ref factor.Session) answer {
	if v.Standing == factor.Verified { // by what it had sent when it was called that
		ref.Binding = v.Grant.Binding
	}
	sent := h.cfg.Rules.SentBefore(v.Account, ref)
	switch {
	case v.Standing == factor.Locked && sent:
		if err := h.cfg.Sessions.Resume(v.w, v.r, &v.Caller, ref); err != nil {
			return fault{err}
		}
	case v.Standing == factor.Locked:
		return h.admit(v)
	default:
		v.Resumed = sent && v.Standing == factor.Verified
	}
	return nil
}

// viewer is who will see the first recovery codes: the browser that has begun the
// enrolment, unless it is a program.
func (v *visit) viewer(ref factor.Session) factor.Viewer {
	if v.json {
		return factor.Viewer{}
	}
	browser := v.Account.RecoveryMaker // of the same form, sent before
	if v.Account.Staged != nil {
		browser = v.Account.Staged.Browser
	}
	secret := ref.Secret(browser)
	if n := len(ref.Secrets); secret == "" && n > 0 { // the first has just been accepted
		secret = ref.Secrets[n-1]
	}
	return factor.Viewer{Secret: secret, Enabled: true}
}

// enabled makes the first recovery codes of somebody who has none, tells the service that
// a factor was switched on, and leads a person to the page that says so.
func (h *Handlers) enabled(v *visit, viewer factor.Viewer) answer {
	// The code was taken: however long that has waited for the store, this comes with it.
	v.r = v.r.WithContext(storelimit.WithNewBudget(v.ctx()))
	ctx, err := v.ctx(), h.reload(v)
	var codes []string
	if err == nil && v.Account.Recovery == nil {
		v.basis = v.basis.After(v.Grant)
		_, codes, err = h.cfg.Rules.MakeRecovery(ctx, v.User, v.proof(""), viewer)
		if err == nil && codes == nil {
			err = errors.New("handlers: the session was overtaken meanwhile, or others wait for their codes")
		}
	}
	var limit *factor.RecoveryLimit
	if err != nil && !errors.As(err, &limit) && !errors.Is(err, factor.ErrMadeMeanwhile) {
		// The factor is on; that there are no codes, the security page will say.
		h.cfg.Log.ErrorContext(ctx, "eagate: no recovery codes were made", slog.String("user", v.User.ID), slog.Any("error", err))
	}
	h.cfg.Rules.SyncNow(ctx, v.User.ID)
	shown := codes != nil
	if !shown && !v.json { // by the same form, sent before
		shown = h.hasNewCodes(v)
	}
	switch {
	case v.json:
		return reply{http.StatusOK, accountJSON{
			State: templates.FactorOn.String(), EnabledAt: &v.Account.EnabledAt, RecoveryCodes: codes, CodesOnly: v.Account.Factor.CodesOnly,
		}}
	case shown:
		return redirect(h.cfg.Base + "/recovery-codes")
	default:
		return redirect(h.cfg.Base + "/enable")
	}
}

// justEnabled is how long the page of the enrolment says that it was finished.
const justEnabled = 10 * time.Minute

// finished leads a person who comes to an enrolment that there is none of, because it was
// finished, to where it says so. It returns nil if that isn't so.
func (h *Handlers) finished(v *visit) answer {
	if err := h.reload(v); err != nil { // another request may just have finished it
		return fault{err}
	}
	acct := v.Account
	if acct.State != records.On || acct.Staged != nil || v.Standing != factor.Verified {
		return nil
	}
	_, shown, err := h.newCodes(v)
	age := h.cfg.Rules.Now().Sub(acct.EnabledAt)
	switch {
	case err != nil:
		return fault{err}
	case shown:
		return redirect(h.cfg.Base + "/recovery-codes")
	case age < 0 || age >= justEnabled:
		return redirect(h.cfg.Base + "/")
	case v.r.Method == http.MethodPost:
		return redirect(h.cfg.Base + "/enable")
	}
	kind, next := templates.MessageEnabled, h.next(v)
	if acct.Factor.CodesOnly {
		kind = templates.MessageEnabledCodes
	}
	if factor.RecoveryLeft(acct) == 0 { // none could be made
		next = h.cfg.Base + "/"
	}
	return message(kind, next)
}

// failEnrolment answers a request that there is no enrolment for.
func (h *Handlers) failEnrolment(v *visit, err error) answer {
	other := errors.Is(err, factor.ErrOtherBrowser)
	if !other && !errors.Is(err, factor.ErrNoEnrolment) {
		return failChange(err)
	}
	if other && v.json {
		return otherBrowser
	}
	if !v.json {
		if a := h.finished(v); a != nil {
			return a
		}
		if v.r.Method == http.MethodGet {
			return h.leadIn(v)
		}
	}
	page := templates.MessageEnrolmentExpired
	if v.Standing == factor.Verified {
		page = templates.MessageReplacementExpired
	}
	return failure{problem: eagate.ProblemNoEnrolment, page: page}
}

// leadIn is what a user sees who opens the enrolment before there is a secret:
// who must have a second factor, why and how; anybody else, the security page.
func (h *Handlers) leadIn(v *visit) answer {
	duty, err := h.cfg.Rules.Duty(v.ctx(), v.User)
	if err != nil {
		return fault{err}
	}
	has, err := h.cfg.Rules.HasAddress(v.ctx(), v.User)
	switch {
	case duty.Due.IsZero():
		return redirect(h.cfg.Base + "/")
	case err == nil && !has:
		return noAddress
	default:
		return html{http.StatusOK, func(p templates.Page) templates.View {
			return templates.Required{Page: p, Due: h.later(duty.Due)}
		}}
	}
}
