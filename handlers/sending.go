package handlers

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/factor"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

// newChallenge sends a new request to the phone.
func (h *Handlers) newChallenge(v *visit) answer {
	if a := h.passed(v); a != nil {
		return a
	}
	if !v.accepts(eagate.Push) {
		return refusedMethod{}
	}
	view, err := h.cfg.Rules.Look(v.ctx(), v.user, h.ref(v))
	if err != nil {
		return fault{err}
	}
	if v.verdict == factor.Locked && view.Phase == factor.PhaseRejected {
		return rejected{}
	}
	return h.sendNew(v, view)
}

// sendNew sends a new request to the phone, of a session whose challenge was looked at.
// For a page, it is the next one that does: the browser has its secret by then, whatever
// becomes of this response.
func (h *Handlers) sendNew(v *visit, view factor.View) answer {
	if !v.json {
		return h.prepareNew(v, view)
	}
	err := h.begin(v, h.cfg.Sessions.NewBrowser())
	var limit *factor.PushLimit
	switch {
	case errors.Is(err, factor.ErrOtherBrowser):
		return otherBrowser
	case errors.Is(err, factor.ErrSessionOver):
		return signInFirst
	case errors.As(err, &limit):
		return h.pushLimited(v, limit)
	case err != nil:
		return failChange(err)
	case h.cfg.Sessions.NoPush(v.ctx(), v.user):
		return h.noPush(v)
	default:
		return h.sendStatus(v, http.StatusCreated)
	}
}

// prepareNew leads to the challenge page, and has it send a request to the phone.
func (h *Handlers) prepareNew(v *visit, view factor.View) answer {
	mark, err := h.cfg.Sessions.Mark(v.ctx(), v.user)
	if err == nil && mark.Over {
		return signInFirst
	}
	if err == nil && view.Phase == factor.PhasePending && view.Limit == nil {
		view, err = h.makeRoom(v)
	}
	if err != nil {
		return fault{err}
	}
	if v.isOver(view) && view.Limit == nil {
		b := h.cfg.Sessions.NewBrowser()
		h.cfg.Sessions.KeepBrowser(v.w, v.r, b)
		h.cfg.Sessions.KeepAsk(v.ctx(), b)
	}
	return redirect(h.cfg.Base + "/challenge")
}

// makeRoom voids the session's challenge, unless it was approved, and returns how it
// stands then.
func (h *Handlers) makeRoom(v *visit) (factor.View, error) {
	err := h.cfg.Rules.MakeRoom(v.ctx(), v.user, h.ref(v))
	if err != nil && !errors.Is(err, factor.ErrOtherBrowser) {
		return factor.View{}, err
	}
	return h.cfg.Rules.Look(v.ctx(), v.user, h.ref(v))
}

func (h *Handlers) pushLimited(v *visit, limit *factor.PushLimit) answer {
	return failure{
		problem: eagate.ProblemPushLimited, title: v.orByCode(eagate.ProblemPushLimited.Title()),
		retryIn: limit.Until.Sub(h.cfg.Rules.Now()), challenge: true,
	}
}

// orByCode adds to why the phone doesn't do that a code would.
func (v *visit) orByCode(why string) string {
	if v.accepts(eagate.TOTP) {
		return why + "; a code can be used"
	}
	return why
}

// proceed goes on in this browser: by the approval of the challenge that it began, for
// somebody who has a box ticked on the page, that the browser is to be trusted from now
// on; or, where another browser of the session began one, by a challenge of its own in
// place of that.
func (h *Handlers) proceed(v *visit) answer {
	fields, err := v.read("trust")
	if err != nil {
		return badBody(err)
	}
	if err := h.takeApproval(v); err != nil {
		return fault{err}
	}
	if !v.proving() {
		if isYes(fields.Get("trust")) {
			h.trustThis(v)
		}
		return onward{}
	}
	if !v.accepts(eagate.Push) {
		return refusedMethod{}
	}
	view, err := h.cfg.Rules.Look(v.ctx(), v.user, h.ref(v))
	if err != nil {
		return fault{err}
	}
	switch {
	case view.Phase == factor.PhaseElsewhere:
		return h.takeOver(v, view)
	case v.json:
		return h.sendStatus(v, http.StatusOK)
	default:
		return redirect(h.cfg.Base + "/challenge")
	}
}

// takeOver has the phone be asked for this browser, and no longer for another one.
func (h *Handlers) takeOver(v *visit, view factor.View) answer {
	switch {
	case view.Limit == nil:
	case v.json: // nothing could take its place
		return h.pushLimited(v, view.Limit)
	default:
		return redirect(h.cfg.Base + "/challenge")
	}
	view, err := h.makeRoom(v)
	if err != nil {
		return fault{err}
	}
	return h.sendNew(v, view)
}

// browserSet, in a query, says which secret the browser was just given: one that comes
// without it keeps no cookies, and isn't led here once more.
const browserSet = "browser"

// beginHere begins a challenge for a session that has none and had none, or that has just
// asked for another. Its challenge was looked at.
func (h *Handlers) beginHere(v *visit, view factor.View) answer {
	sessions := h.cfg.Sessions
	ask := sessions.Ask(v.ctx())
	if view.Limit != nil || !h.isFirst(v, view) && (ask == "" || !v.isOver(view) || view.BegunBy(ask)) {
		return nil
	}
	b, ok := sessions.Prepared(v.r, ask)
	if !ok {
		query := v.r.URL.Query()
		if sessions.IsLost(v.r, query.Get(browserSet)) {
			v.lost = true // an approval couldn't be taken here
			h.warnOfCookie(v)
			return nil
		}
		b = sessions.NewBrowser()
		sessions.KeepBrowser(v.w, v.r, b)
		query.Set(browserSet, b.Trace())
		return redirect(h.cfg.Base + "/challenge?" + query.Encode())
	}
	err := h.begin(v, b)
	var limit *factor.PushLimit
	switch {
	case errors.As(err, &limit), errors.Is(err, factor.ErrOff), errors.Is(err, factor.ErrHeld), errors.Is(err, factor.ErrOvertaken),
		errors.Is(err, factor.ErrSessionOver), errors.Is(err, factor.ErrOtherBrowser):
		return nil // the page says so
	case err != nil:
		return fault{err}
	}
	return nil
}

// warnOfCookie says in the log, once a minute, that a browser didn't bring back what it was
// given, and what may be the reason.
func (h *Handlers) warnOfCookie(v *visit) {
	if more, news := h.faults.Say("cookie", h.cfg.Rules.Now()); news {
		h.cfg.Log.WarnContext(v.ctx(), "eagate: a cookie that a browser was given didn't come back, so that the phone isn't asked",
			slog.String("cookie", h.cfg.Sessions.BrowserCookie()), slog.String("browser", browserName(v.r.UserAgent())), slog.Int("since_the_last", more),
			slog.String("remedy", "if it happens to all browsers: a proxy must not change the path, the domain or the flags of cookies, nor drop those that it doesn't know"))
	}
}

// isFirst reports whether the session has no challenge and had none.
func (h *Handlers) isFirst(v *visit, view factor.View) bool {
	return view.Phase == factor.PhaseNone && !h.cfg.Sessions.NoPush(v.ctx(), v.user)
}

// isOver reports whether another challenge can follow the one that was looked at.
func (v *visit) isOver(view factor.View) bool {
	switch view.Phase {
	case factor.PhaseNone, factor.PhaseNotApproved, factor.PhaseExpired, factor.PhaseReplaced, factor.PhaseConsumed:
		return true
	case factor.PhaseRejected:
		return v.verdict != factor.Locked // whose sign-in has ended
	case factor.PhasePending, factor.PhaseApproved, factor.PhaseElsewhere:
	}
	return false
}

// begin sends a new request to the phone, for the browser with that secret, and keeps in
// the session what came of it: the service's token, or that the phone can't be asked,
// which is no error.
func (h *Handlers) begin(v *visit, b session.Browser) error {
	ctx := v.ctx()
	ref, err := h.cfg.Sessions.Bind(v.r)
	if err != nil {
		return err
	}
	if v.verdict == factor.Locked {
		ref.Ends = h.cfg.Sessions.Until(ctx)
	}
	token, err := h.cfg.Rules.Begin(ctx, v.user, ref, b.Hash())
	var fault *client.Error
	if errors.As(err, &fault) || errors.Is(err, factor.ErrNoPush) {
		h.cfg.Sessions.KeepNoPush(ctx, v.user, fault != nil && declines(fault.Kind))
		return nil
	}
	if err != nil || token == "" {
		return err
	}
	h.cfg.Sessions.KeepToken(ctx, v.user, token)
	h.cfg.Sessions.KeepBrowser(v.w, v.r, b.Begun())
	v.browser = b.Hash()
	return nil
}

// whyNoPush is what a page says of a phone that isn't asked.
func (h *Handlers) whyNoPush(v *visit, acct records.Account) templates.Push {
	switch h.cfg.Rules.WhyNoPush(v.ctx(), v.user, acct) {
	case factor.NoPushFault:
		if h.cfg.Sessions.Declined(v.ctx(), v.user) {
			return templates.PushDeclined
		}
	case factor.NoPushMoved:
		return templates.PushMoved
	case factor.NoPushCodesOnly:
		return templates.PushCodesOnly
	case factor.NoPushNoAddress:
		return templates.PushNoAddress
	}
	return templates.PushUnavailable
}

// noPush answers a program whose user's phone can't be asked: that it should be tried
// again later, or why that is of no use.
func (h *Handlers) noPush(v *visit) answer {
	f := failure{problem: eagate.ProblemPushUnavailable, retryIn: retryAfter, challenge: true}
	acct, err := h.cfg.Rules.Account(v.ctx(), v.user.ID)
	push := templates.PushUnavailable
	if err == nil {
		push = h.whyNoPush(v, acct)
	}
	if title := forGood[push]; title != "" {
		f.problem, f.title, f.retryIn = eagate.ProblemNoPush, title, 0
	}
	f.title = v.orByCode(cmp.Or(f.title, f.problem.Title()))
	return f
}

// forGood are what a program is told where another try is of no use.
var forGood = map[templates.Push]string{
	templates.PushMoved:     "The e-mail address has changed since the phone was set up; it must be set up again to be asked",
	templates.PushCodesOnly: "The phone is set up for codes only",
	templates.PushNoAddress: "The account has no e-mail address that can be used",
	templates.PushDeclined:  "The service declines to ask the phone: its app may not be allowed to show notifications, or the log says why",
}

// declines reports whether a fault of the service means that it wouldn't ask the phone a
// moment later either.
func declines(k client.Kind) bool {
	return k == client.Inactive || k == client.Refused || k == client.Invalid
}
