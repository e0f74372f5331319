package handlers

import (
	"errors"
	"net/http"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/templates"
)

// challenge is the page on which a locked session waits or types a code. A
// session whose approval has come leaves it unlocked.
func (h *Handlers) challenge(v *visit) {
	if h.passed(v) {
		return
	}
	if IsNavigation(v.r) && v.mayRing() {
		if err := h.beginFirst(v.r, v.user); err != nil {
			h.Unavailable(v.w, v.r, err)
			return
		}
	}
	h.showChallenge(v, http.StatusOK, factor.CodeAnswer{})
}

// newChallenge sends a new request to the phone.
func (h *Handlers) newChallenge(v *visit) {
	if h.passed(v) {
		return
	}
	if !v.accepts(records.MethodPush) {
		h.refuseMethod(v)
		return
	}
	if v.verdict == factor.Locked {
		view, err := h.cfg.Rules.Look(v.ctx(), v.user, h.cfg.Sessions.Ref(v.ctx()))
		if err != nil {
			h.Unavailable(v.w, v.r, err)
			return
		}
		if view.Phase == factor.PhaseRejected && view.Limit == nil { // else that is the answer
			h.rejected(v)
			return
		}
	}
	err := h.begin(v.r, v.user)
	var limit *factor.PushLimit
	switch {
	case errors.Is(err, factor.ErrSessionOver):
		h.signIn(v.w, v.r)
	case err != nil && !errors.As(err, &limit):
		h.failChange(v, err)
	case !prefersJSON(v.r):
		seeOther(v.w, h.cfg.Base+"/challenge")
	case limit != nil:
		h.fail(v.w, v.r, failure{
			status: http.StatusTooManyRequests, kind: "push-limited", title: v.orByCode("The phone can't be asked again yet"),
			retryIn: limit.Until.Sub(h.cfg.Rules.Now()), challenge: true,
		})
	case h.cfg.Sessions.NoPush(v.ctx(), v.user):
		h.fail(v.w, v.r, failure{
			status: http.StatusServiceUnavailable, kind: "push-unavailable", title: v.orByCode("The phone can't be reached"),
			retryIn: retryAfter, challenge: true,
		})
	default:
		h.sendStatus(v, http.StatusCreated)
	}
}

// orByCode adds to why the phone doesn't do that a code would.
func (v *visit) orByCode(why string) string {
	if v.accepts(records.MethodTOTP) {
		return why + "; a code can be used"
	}
	return why
}

// proceed is the challenge page for somebody who has a box ticked there: that this
// browser is to be trusted from now on.
func (h *Handlers) proceed(v *visit) {
	fields, ok := h.readOnce(v, "trust")
	if !ok {
		return
	}
	if !h.takeApproval(v) {
		return
	}
	if v.proving() {
		seeOther(v.w, h.cfg.Base+"/challenge")
		return
	}
	if isYes(fields.Get("trust")) {
		h.trustThis(v)
	}
	h.goOn(v)
}

// passed answers for a session that has nothing to prove, or no longer has.
func (h *Handlers) passed(v *visit) bool {
	if !h.takeApproval(v) {
		return true
	}
	if v.proving() {
		return false
	}
	h.goOn(v)
	return true
}

// takeApproval takes what there is to prove it with right now. It returns false if
// it has answered the request.
func (h *Handlers) takeApproval(v *visit) bool {
	switch {
	case v.verdict == factor.Locked:
		return h.tryAdmit(v)
	case v.proving():
		return h.stepUp(v)
	}
	return true
}

// tryAdmit unlocks a locked session if that can be done right now, and answers the
// request if that can't be told.
func (h *Handlers) tryAdmit(v *visit) bool {
	verdict, grant, err := h.cfg.Sessions.Admit(v.w, v.r, v.user)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return false
	}
	v.verdict, v.grant = verdict, grant
	return true
}

// goOn leads a session that isn't locked to the page that it had asked for.
func (h *Handlers) goOn(v *visit) {
	h.cfg.Sessions.DropDemand(v.ctx()) // which has been met, in another tab perhaps
	next := h.onward(v)
	if prefersJSON(v.r) {
		sendJSON(v.w, http.StatusOK, typeJSON, status{State: templates.ChallengeApproved.String(), Verified: true, Next: next})
		return
	}
	seeOther(v.w, next)
}

// beginFirst begins a challenge for a session that has none and had none.
func (h *Handlers) beginFirst(r *http.Request, user factor.User) error {
	ctx := r.Context()
	if h.cfg.Sessions.NoPush(ctx, user) {
		return nil
	}
	view, err := h.cfg.Rules.Look(ctx, user, h.cfg.Sessions.Ref(ctx))
	if err != nil || view.Phase != factor.PhaseNone || view.Limit != nil {
		return err
	}
	err = h.begin(r, user)
	var limit *factor.PushLimit
	switch {
	case errors.As(err, &limit), errors.Is(err, factor.ErrOff), errors.Is(err, factor.ErrHeld),
		errors.Is(err, factor.ErrOvertaken), errors.Is(err, factor.ErrSessionOver):
		return nil // the page says so
	}
	return err
}

// begin sends a new request to the phone, and keeps in the session what came of
// it: the service's token, or that the phone can't be asked, which is no error.
func (h *Handlers) begin(r *http.Request, user factor.User) error {
	ctx := r.Context()
	ref, err := h.cfg.Sessions.Bind(ctx)
	if err != nil {
		return err
	}
	token, err := h.cfg.Rules.Begin(ctx, user, ref)
	var fault *client.Error
	if errors.As(err, &fault) || errors.Is(err, factor.ErrNoPush) {
		h.cfg.Sessions.KeepNoPush(ctx, user)
		return nil
	}
	if err != nil || token == "" {
		return err
	}
	h.cfg.Sessions.KeepToken(ctx, user, token)
	return nil
}

// showChallenge shows where the session's challenge stands, and what became of a
// code.
func (h *Handlers) showChallenge(v *visit, code int, answer factor.CodeAnswer) {
	ctx := v.ctx()
	acct, err := h.cfg.Rules.Account(ctx, v.user.ID)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	view, err := h.cfg.Rules.Look(ctx, v.user, h.cfg.Sessions.Ref(ctx))
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	if prefersJSON(v.r) && answer.Result == factor.CodeNone {
		h.sendStatus(v, code)
		return
	}
	mark, err := h.cfg.Sessions.Mark(ctx, v.user)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	switch {
	case mark.Ended:
		h.signIn(v.w, v.r)
		return
	case !acct.HeldSince.IsZero():
		h.held(v)
		return
	case view.Phase == factor.PhaseRejected && v.verdict == factor.Locked:
		h.rejected(v)
		return
	}
	if !mark.Over {
		h.cfg.Sessions.KeepAsked(ctx, v.user)
	}
	now := h.cfg.Rules.Now()
	page := templates.Challenge{
		State:     state(view.Phase),
		Number:    view.Number,
		ExpiresIn: view.ExpiresAt.Sub(now),
		Lifetime:  h.cfg.TokenLifetime,
		Next:      h.cfg.Base + "/challenge",
		// Without script, the page would come anew while the user is typing.
		PreferCode: v.r.URL.Query().Get("code") == "1",
		Code:       codeForm(acct.Factor.Digits, answer, now),

		HasRecovery: factor.RecoveryLeft(acct) > 0,
		TrustFor:    h.cfg.Rules.DeviceLifetime(),
	}
	switch {
	case view.Limit != nil:
		page.Push = templates.PushLimited
		if view.Limit.Paused {
			page.Push = templates.PushPaused
		}
		page.PushRetryIn = view.Limit.Until.Sub(now)
	case mark.Over || h.cfg.Sessions.NoPush(ctx, v.user):
		page.Push = templates.PushUnavailable
	}
	h.host(v, view, &page)
	v.askOn(&page)
	h.show(v.w, v.r, code, func(p templates.Page) templates.View {
		page.Page = p
		page.Email = v.user.Email
		return page
	})
}

// state is what the pages and programs are told of a phase.
func state(p factor.Phase) templates.ChallengeState {
	switch p {
	case factor.PhasePending:
		return templates.ChallengePending
	case factor.PhaseApproved:
		return templates.ChallengeApproved
	case factor.PhaseNotApproved:
		return templates.ChallengeNotApproved
	case factor.PhaseRejected:
		return templates.ChallengeRejected
	case factor.PhaseExpired:
		return templates.ChallengeExpired
	case factor.PhaseNone, factor.PhaseReplaced, factor.PhaseConsumed:
	}
	return templates.ChallengeNone
}

// codeForm is the form to type a code into, with what became of the last one.
func codeForm(digits int, answer factor.CodeAnswer, now time.Time) templates.CodeForm {
	form := templates.CodeForm{
		Digits: digits, ByRecovery: answer.Method == records.MethodRecovery, CheckClock: answer.CheckClock, RetryIn: retryIn(answer, now),
	}
	switch answer.Result {
	case factor.CodeNone, factor.CodeAccepted:
	case factor.CodeWrong, factor.CodeNotApplicable:
		form.Error = templates.CodeWrong
	case factor.CodeMissing:
		form.Error = templates.CodeMalformed
	case factor.CodeUsed:
		form.Error = templates.CodeUsed
	case factor.CodeBusy:
		form.Error = templates.CodeBusy
	case factor.CodePaused:
		form.Error = templates.CodeLocked
	case factor.CodeBlocked, factor.CodeHeld: // the latter has a page of its own
		form.Error = templates.CodeBlocked
	}
	return form
}
