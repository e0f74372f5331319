package handlers

import (
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

// challenge is the page on which a locked session waits or types a code. A
// session whose approval has come leaves it unlocked.
func (h *Handlers) challenge(v *visit) answer {
	if a := h.passed(v); a != nil {
		return a
	}
	if v.kind == kindNavigation {
		h.keepFrom(v)
		var err error
		if v.underWay, err = h.cfg.Rules.UnderWay(v.ctx(), v.Account, v.Session, v.Challenge); err != nil {
			return fault{err}
		}
		if !v.underWay && v.mayRing() {
			if a := h.beginHere(v); a != nil {
				return a
			}
		}
	}
	return h.showChallenge(v, factor.CodeAnswer{})
}

// passed answers for a session that has nothing to prove, or no longer has.
func (h *Handlers) passed(v *visit) answer {
	if err := h.takeApproval(v); err != nil {
		return fault{err}
	}
	if v.Proving() {
		return nil
	}
	return onward{}
}

// takeApproval takes what there is to prove it with right now.
func (h *Handlers) takeApproval(v *visit) error {
	if !v.Proving() || !v.Accepts(eagate.Push) {
		return nil
	}
	err := h.enter(v, true)
	if err == nil && v.Proving() { // an approval that can't be used is void
		err = h.cfg.Sessions.Look(v.r, &v.Caller)
	}
	return err
}

// An onward leads a session that isn't locked to the page that it had asked for.
type onward struct{}

func (onward) send(h *Handlers, v *visit) {
	h.cfg.Sessions.DropDemand(v.ctx()) // which has been met, in another tab perhaps
	switch {
	case v.Resumed && v.Route == routeConfirm && !v.json:
		redirect(h.cfg.Base+"/enable").send(h, v) // what it had asked for comes after that
	case v.locked && !v.json && h.hasNewCodes(v):
		redirect(h.cfg.Base+"/recovery-codes").send(h, v) // and then to what it had asked for
	case v.json:
		reply{http.StatusOK, verified(h.takeNext(v, h.cfg.HomePath))}.send(h, v)
	default:
		leadOn(h.takeNext(v, h.cfg.HomePath)).send(h, v)
	}
}

// showChallenge shows where the session's challenge stands, and what became of a
// code.
func (h *Handlers) showChallenge(v *visit, outcome factor.CodeAnswer) answer {
	if v.json {
		return h.sendStatus(v, codeStatus(outcome))
	}
	ctx, acct, view := v.ctx(), v.Account, v.Challenge
	switch {
	case v.End.Rejected:
		return rejected{}
	case v.End.Ended:
		return signInFirst
	case !acct.HeldSince.IsZero():
		return held
	case view.Phase == factor.PhaseRejected && v.Standing == factor.Locked:
		return rejected{}
	}
	if !v.End.Over && !v.underWay {
		h.cfg.Sessions.KeepAsked(ctx, v.User)
	}
	now, phone := h.cfg.Rules.Now(), h.cfg.Sessions.Phone(ctx, v.User)
	page := templates.Challenge{
		State:     state(view.Phase),
		Number:    view.Number,
		ExpiresIn: view.ExpiresAt.Sub(now),
		Lifetime:  h.cfg.TokenLifetime,
		Next:      h.cfg.Base + "/challenge",
		// Without script, the page would come anew while the user is typing.
		PreferCode: prefersCode(v.r),
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
	case v.End.Over || phone != session.PhoneAsked:
		page.Push = h.whyNoPush(v, phone)
	case v.lost:
		page.Push, page.Cookie = templates.PushNoCookie, h.cfg.Sessions.BrowserCookie()
	}
	if v.End.Over && outcome.Result == factor.CodeNone && !v.r.URL.Query().Has(cameAgain) {
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
	return html{codeStatus(outcome), func(p templates.Page) templates.View {
		page.Page = p
		return page
	}}
}

// askOn has the page ask for what is demanded.
func (v *visit) askOn(page *templates.Challenge) {
	if v.Demand.IsZero() {
		return
	}
	page.StepUp, page.Resend = true, v.Demand.Form
	page.TrustFor = 0
	page.HasRecovery = page.HasRecovery && v.Accepts(eagate.Recovery)
	page.NoCode = !v.Accepts(eagate.TOTP)
	if !v.Accepts(eagate.Push) {
		page.State, page.Push = templates.ChallengeNone, templates.PushRefused
	}
}

// A refusedMethod answers an attempt to prove it by a method that isn't accepted here: a
// code isn't even looked at, and the phone doesn't ring.
type refusedMethod struct{}

func (refusedMethod) send(h *Handlers, v *visit) {
	if v.json {
		failure{problem: eagate.ProblemMethodNotAccepted, challenge: true, demand: v.Demand.Demand}.send(h, v)
		return
	}
	a := h.showChallenge(v, factor.CodeAnswer{})
	if page, ok := a.(html); ok {
		page.status = http.StatusForbidden
		a = page
	}
	a.send(h, v)
}

// A rejected answers for a session whose request was rejected on the phone: it wasn't the
// phone's owner who signed in, or it was a mistake. Either way this sign-in ends here for
// good, and the password is asked for again.
type rejected struct{}

func (rejected) send(h *Handlers, v *visit) {
	// The report has marked the session by the ID that it had when the phone was asked.
	ref := v.Session
	ref.Ends = v.Until
	err := h.cfg.Rules.Reject(v.ctx(), v.User, ref)
	if err == nil {
		err = h.cfg.Sessions.Destroy(v.ctx())
	}
	if err != nil {
		fault{err}.send(h, v)
		return
	}
	failure{problem: eagate.ProblemRejected, page: templates.MessageRejected, login: true}.send(h, v)
}

// prefersCode reports whether the address is that of the page on which a code is typed.
func prefersCode(r *http.Request) bool { return r.URL.Query().Get("code") == "1" }

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
