package handlers

import (
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"

	"github.com/eagate/eagate/templates"
)

// challenge is the page on which a locked session waits or types a code. A
// session whose approval has come leaves it unlocked.
func (h *Handlers) challenge(v *visit) {
	if h.passed(v) || h.waitsForAnother(v) {
		return
	}
	if IsNavigation(v.r) && v.mayRing() && h.beganHere(v) {
		return
	}
	h.showChallenge(v, http.StatusOK, factor.CodeAnswer{})
}

// waitsForAnother answers for a page whose browser has another request under way that is
// about to unlock the session: it is looked at again in a moment, and neither asks for a
// code nor has the phone ring.
func (h *Handlers) waitsForAnother(v *visit) bool {
	if !IsNavigation(v.r) {
		return false
	}
	ref := h.ref(v)
	view, err := h.cfg.Rules.Look(v.ctx(), v.user, ref)
	if err == nil {
		v.underWay, err = h.cfg.Rules.UnderWay(v.ctx(), v.user, ref, view)
	}
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return true
	}
	if v.underWay {
		h.showChallenge(v, http.StatusOK, factor.CodeAnswer{})
	}
	return v.underWay
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
		if !h.tryAdmit(v) {
			return false
		}
		return v.verdict != factor.Locked || h.resume(v, h.ref(v))
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
	if v.again && v.by == routeConfirm && !prefersJSON(v.r) {
		seeOther(v.w, h.cfg.Base+"/enable") // what it had asked for comes after that
		return
	}
	if v.locked && !prefersJSON(v.r) && h.hasNewCodes(v) {
		seeOther(v.w, h.cfg.Base+"/recovery-codes") // and then to what it had asked for
		return
	}
	next := h.onward(v)
	if prefersJSON(v.r) {
		sendJSON(v.w, http.StatusOK, typeJSON, status{State: templates.ChallengeApproved.String(), Verified: true, Next: next})
		return
	}
	h.leadOn(v.w, v.r, next)
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
	view, err := h.cfg.Rules.Look(ctx, v.user, h.ref(v))
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
	case mark.Rejected:
		h.rejected(v)
		return
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
	if !mark.Over && !v.underWay {
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
		Code:       h.codeForm(v, acct.Factor.Digits, answer),

		HasRecovery: factor.RecoveryLeft(acct) > 0,
		TrustFor:    h.cfg.Rules.DeviceLifetime(),
		Trust:       v.trust,
	}
	page.CodesBlocked, page.RecoveryBlocked = factor.Blocked(acct)
	switch {
	case view.Limit != nil:
		page.Push = templates.PushLimited
		if view.Limit.Paused {
			page.Push = templates.PushPaused
		}
		page.PushRetryIn = view.Limit.Until.Sub(now)
	case mark.Over || h.cfg.Sessions.NoPush(ctx, v.user):
		page.Push = h.whyNoPush(v, acct)
	case v.lost:
		page.Push, page.Cookie = templates.PushNoCookie, h.cfg.Sessions.BrowserCookie()
	}
	if mark.Over && answer.Result == factor.CodeNone && !v.r.URL.Query().Has(cameAgain) {
		// Another tab was first, and its answer, which brings the session's new ID, may
		// still be on its way to the browser.
		page.State, page.Moved, page.Next = templates.ChallengeApproved, true, page.Next+"?"+cameAgain+"=1"
	}
	h.host(v, view, &page)
	v.askOn(&page)
	if v.underWay {
		page.State, page.Moved = templates.ChallengeApproved, true
	} else if view.Phase != factor.PhaseElsewhere {
		h.keepKnown(v)
	}
	h.show(v.w, v.r, code, func(p templates.Page) templates.View {
		page.Page = p
		page.Email = v.user.Email
		return page
	})
}

// cameAgain, in a query, says that the browser was led here once more, to see whether it
// has the session's new ID by now.
const cameAgain = "again"

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
	case factor.PhaseElsewhere:
		return templates.ChallengeElsewhere
	case factor.PhaseNone, factor.PhaseReplaced, factor.PhaseConsumed:
	}
	return templates.ChallengeNone
}

// codeForm is the form to type a code into, with what became of the last one.
func (h *Handlers) codeForm(v *visit, digits int, answer factor.CodeAnswer) templates.CodeForm {
	form := templates.CodeForm{
		Digits: digits, ByRecovery: answer.Method == eagate.Recovery, CheckClock: answer.CheckClock,
		RetryIn: retryIn(answer, h.cfg.Rules.Now()),
	}
	if form.ByRecovery {
		form.Typed = v.typed
	}
	switch answer.Result {
	case factor.CodeNone, factor.CodeAccepted:
	case factor.CodeWrong, factor.CodeNotApplicable:
		form.Error = templates.CodeWrong
		if answer.Malformed {
			form.Error = templates.CodeMalformed
		}
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
