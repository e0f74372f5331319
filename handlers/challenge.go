package handlers

import (
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"

	"github.com/eagate/eagate/templates"
)

// challenge is the page on which a locked session waits or types a code. A
// session whose approval has come leaves it unlocked.
func (h *Handlers) challenge(v *visit) answer {
	if a := h.passed(v); a != nil {
		return a
	}
	if v.kind == kindNavigation {
		ref := h.ref(v)
		view, err := h.cfg.Rules.Look(v.ctx(), v.user, ref)
		if err == nil {
			v.underWay, err = h.cfg.Rules.UnderWay(v.ctx(), v.user, ref, view)
		}
		if err != nil {
			return fault{err}
		}
		if !v.underWay && v.mayRing() {
			if a := h.beginHere(v, view); a != nil {
				return a
			}
		}
	}
	return h.showChallenge(v, http.StatusOK, factor.CodeAnswer{})
}

// passed answers for a session that has nothing to prove, or no longer has.
func (h *Handlers) passed(v *visit) answer {
	if err := h.takeApproval(v); err != nil {
		return fault{err}
	}
	if v.proving() {
		return nil
	}
	return h.goOn(v)
}

// takeApproval takes what there is to prove it with right now.
func (h *Handlers) takeApproval(v *visit) error {
	switch {
	case v.verdict == factor.Locked:
		return h.enter(v, true)
	case v.proving():
		return h.stepUp(v)
	}
	return nil
}

// goOn leads a session that isn't locked to the page that it had asked for.
func (h *Handlers) goOn(v *visit) answer {
	h.cfg.Sessions.DropDemand(v.ctx()) // which has been met, in another tab perhaps
	if v.again && v.by == routeConfirm && !v.json {
		return redirect(h.cfg.Base + "/enable") // what it had asked for comes after that
	}
	if v.locked && !v.json && h.hasNewCodes(v) {
		return redirect(h.cfg.Base + "/recovery-codes") // and then to what it had asked for
	}
	next := h.onward(v)
	if v.json {
		return reply{http.StatusOK, challengeJSON{State: templates.ChallengeApproved.String(), Verified: true, Next: next}}
	}
	return leadOn(next)
}

// showChallenge shows where the session's challenge stands, and what became of a
// code.
func (h *Handlers) showChallenge(v *visit, code int, outcome factor.CodeAnswer) answer {
	ctx := v.ctx()
	acct, err := h.cfg.Rules.Account(ctx, v.user.ID)
	if err != nil {
		return fault{err}
	}
	view, err := h.cfg.Rules.Look(ctx, v.user, h.ref(v))
	if err != nil {
		return fault{err}
	}
	if v.json && outcome.Result == factor.CodeNone {
		return h.sendStatus(v, code)
	}
	mark, err := h.cfg.Sessions.Mark(ctx, v.user)
	if err != nil {
		return fault{err}
	}
	switch {
	case mark.Rejected:
		return h.rejected(v)
	case mark.Ended:
		return h.signIn(v)
	case !acct.HeldSince.IsZero():
		return held(v)
	case view.Phase == factor.PhaseRejected && v.verdict == factor.Locked:
		return h.rejected(v)
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
		Code:       h.codeForm(v, acct.Factor.Digits, outcome),

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
	if mark.Over && outcome.Result == factor.CodeNone && !v.r.URL.Query().Has(cameAgain) {
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
	return html{code, func(p templates.Page) templates.View {
		page.Page = p
		return page
	}}
}

// rejected answers for a session whose request was rejected on the phone: whoever
// signed in, it wasn't the phone's owner, or it was a mistake. Either way this
// sign-in ends here for good, and the password is asked for again.
func (h *Handlers) rejected(v *visit) answer {
	// The report has marked the session by the ID that it had when the phone was asked.
	ref := h.cfg.Sessions.Ref(v.r)
	ref.Ends = h.cfg.Sessions.Until(v.ctx())
	err := h.cfg.Rules.Reject(v.ctx(), v.user, ref)
	if err == nil {
		err = h.cfg.Sessions.Destroy(v.ctx())
	}
	if err != nil {
		return fault{err}
	}
	return failure{problem: eagate.ProblemRejected, page: templates.MessageRejected, next: h.cfg.LoginPath}
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
func (h *Handlers) codeForm(v *visit, digits int, outcome factor.CodeAnswer) templates.CodeForm {
	form := templates.CodeForm{
		Digits: digits, ByRecovery: outcome.Method == eagate.Recovery, CheckClock: outcome.CheckClock,
		RetryIn: retryIn(outcome, h.cfg.Rules.Now()),
	}
	if form.ByRecovery {
		form.Typed = v.typed
	}
	switch outcome.Result {
	case factor.CodeNone, factor.CodeAccepted:
	case factor.CodeWrong, factor.CodeNotApplicable:
		form.Error = templates.CodeWrong
		if outcome.Malformed {
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
