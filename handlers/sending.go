package handlers

import (
	"errors"
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
)

// newChallenge sends a new request to the phone.
func (h *Handlers) newChallenge(v *visit) answer {
	if a := h.passed(v); a != nil {
		return a
	}
	if !v.Accepts(eagate.Push) {
		return refusedMethod{}
	}
	if !v.End.Over && v.Challenge.Phase == factor.PhasePending && v.Challenge.Limit == nil {
		if err := h.makeRoom(v); err != nil {
			return fault{err}
		}
		if a := h.passed(v); a != nil { // by an approval that came just now
			return a
		}
	}
	if v.Standing == factor.Locked && v.Challenge.Phase == factor.PhaseRejected {
		return rejected{}
	}
	return h.sendNew(v)
}

// sendNew sends a new request to the phone. For a page, it is the next one that does: the
// browser has its secret by then, whatever becomes of this response.
func (h *Handlers) sendNew(v *visit) answer {
	if !v.json {
		return h.prepareNew(v)
	}
	phone, err := h.begin(v, h.cfg.Sessions.NewBrowser())
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
	case phone != session.PhoneAsked:
		return h.noPush(v, phone)
	}
	return h.sendStatus(v, http.StatusCreated)
}

// prepareNew leads to the challenge page, and has it send a request to the phone.
func (h *Handlers) prepareNew(v *visit) answer {
	if v.End.Over {
		return signInFirst
	}
	if v.isOver() && v.Challenge.Limit == nil {
		b := h.cfg.Sessions.NewBrowser()
		h.cfg.Sessions.KeepBrowser(v.w, v.r, b)
		h.cfg.Sessions.KeepAsk(v.ctx(), b)
	}
	return redirect(h.cfg.Base + "/challenge")
}

// makeRoom voids the session's challenge, unless it was approved.
func (h *Handlers) makeRoom(v *visit) error {
	err := h.cfg.Rules.MakeRoom(v.ctx(), v.User, v.Session)
	if err != nil && !errors.Is(err, factor.ErrOtherBrowser) {
		return err
	}
	return h.look(v)
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
	if !v.Proving() {
		if isYes(fields.Get("trust")) {
			h.trustThis(v)
		}
		return onward{}
	}
	if !v.Accepts(eagate.Push) {
		return refusedMethod{}
	}
	switch {
	case v.Challenge.Phase == factor.PhaseElsewhere:
		return h.takeOver(v)
	case v.json:
		return h.sendStatus(v, http.StatusOK)
	default:
		return redirect(h.cfg.Base + "/challenge")
	}
}

// takeOver has the phone be asked for this browser, and no longer for another one.
func (h *Handlers) takeOver(v *visit) answer {
	switch {
	case v.Challenge.Limit == nil:
	case v.json: // nothing could take its place
		return h.pushLimited(v, v.Challenge.Limit)
	default:
		return redirect(h.cfg.Base + "/challenge")
	}
	if err := h.makeRoom(v); err != nil {
		return fault{err}
	}
	return h.sendNew(v)
}

// browserSet, in a query, says which secret the browser was just given: one that comes
// without it keeps no cookies, and isn't led here once more.
const browserSet = "browser"

// beginHere begins a challenge for a session that has none and had none, or that has just
// asked for another.
func (h *Handlers) beginHere(v *visit) answer {
	sessions := h.cfg.Sessions
	ask := sessions.Ask(v.ctx())
	if v.Challenge.Limit != nil || !h.isFirst(v) && (ask == "" || !v.isOver() || v.Challenge.BegunBy(ask)) {
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
	_, err := h.begin(v, b) // the page says whether the phone was asked
	var limit *factor.PushLimit
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limit), errors.Is(err, factor.ErrOff), errors.Is(err, factor.ErrHeld), errors.Is(err, factor.ErrOvertaken),
		errors.Is(err, factor.ErrSessionOver), errors.Is(err, factor.ErrOtherBrowser):
		err = h.look(v) // for the page, which says so
	}
	if err != nil {
		return fault{err}
	}
	return nil
}

// isFirst reports whether the session has no challenge and had none.
func (h *Handlers) isFirst(v *visit) bool {
	return v.Challenge.Phase == factor.PhaseNone && h.cfg.Sessions.Phone(v.ctx(), v.User) == session.PhoneAsked
}

// isOver reports whether another challenge can follow the session's.
func (v *visit) isOver() bool {
	switch v.Challenge.Phase {
	case factor.PhaseNone, factor.PhaseNotApproved, factor.PhaseExpired, factor.PhaseReplaced, factor.PhaseConsumed:
		return true
	case factor.PhaseRejected:
		return v.Standing != factor.Locked // whose sign-in has ended
	case factor.PhasePending, factor.PhaseApproved, factor.PhaseElsewhere:
	}
	return false
}

// begin sends a new request to the phone, for the browser with that secret, and returns
// whether the phone could be asked: that it couldn't is no error. The session keeps it for
// the pages that follow, and the service's token.
func (h *Handlers) begin(v *visit, b session.Browser) (session.Phone, error) {
	ctx, sessions := v.ctx(), h.cfg.Sessions
	if err := sessions.Bind(v.r, &v.Caller); err != nil {
		return session.PhoneAsked, err
	}
	ref := v.Session
	if v.Standing == factor.Locked {
		ref.Ends = v.Until
	}
	token, err := h.cfg.Rules.Begin(ctx, v.User, ref, b.Hash())
	phone := session.PhoneAsked
	var fault *client.Error
	switch {
	case errors.As(err, &fault) && declines(fault.Kind):
		phone = session.PhoneDeclined
	case fault != nil, errors.Is(err, factor.ErrNoPush):
		phone = session.PhoneFailed
	case err != nil:
		return phone, err
	case token != "":
		sessions.KeepToken(ctx, v.User, token)
		v.Session.Token = token
		h.keep(v, b.Begun())
	}
	if phone != session.PhoneAsked {
		sessions.KeepNoPush(ctx, v.User, phone)
	}
	return phone, h.look(v)
}
