package handlers

import (
	"errors"
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

// recovery is the page of the recovery codes: how many are left, or, in the browser that
// they were made for, the codes themselves until they are kept.
func (h *Handlers) recovery(v *visit) answer {
	return h.showRecovery(v, factor.CodeAnswer{})
}

func (h *Handlers) showRecovery(v *visit, outcome factor.CodeAnswer) answer {
	acct := v.Account
	switch {
	case acct.State != records.On:
		return h.noFactor(v)
	case v.json: // which never has the codes: another program may ask
		made := recoveryJSON{Left: factor.RecoveryLeft(acct)}
		if acct.Recovery != nil {
			made.MadeAt = &acct.Recovery.CreatedAt
		}
		return reply{http.StatusOK, made}
	}
	made, shown, err := h.newCodes(v)
	if err != nil {
		return fault{err}
	}
	page := templates.Recovery{
		Left: factor.RecoveryLeft(acct), State: h.recoveryState(v), NeedsCode: !h.cfg.Rules.Fresh(v.Grant),
		Attempt: session.NewAttempt(),
		Code:    h.codeForm(v, h.cfg.Rules.Digits(acct), outcome),
	}
	if shown && outcome.Result == factor.CodeNone {
		page.Codes, page.Set = made.Codes, factor.SetID(acct.Recovery)
		page.Enabled, page.CodesOnly = made.Enabled, made.Enabled && acct.Factor.CodesOnly
	}
	return html{codeStatus(outcome), func(p templates.Page) templates.View {
		page.Page = p
		return page
	}}
}

// newCodes returns the recovery codes that the request's browser may see, if any.
func (h *Handlers) newCodes(v *visit) (made factor.NewCodes, ok bool, err error) {
	return h.cfg.Rules.NewCodes(v.ctx(), v.Account, v.Session)
}

// hasNewCodes reports whether there are any, as far as that can be told.
func (h *Handlers) hasNewCodes(v *visit) bool {
	_, ok, err := h.newCodes(v)
	return ok && err == nil
}

// recoveryState tells what has become of the account's codes, if they can't be seen.
func (h *Handlers) recoveryState(v *visit) templates.RecoveryState {
	set := v.Account.Recovery
	switch {
	case h.cfg.Rules.IsMaking(v.Account, v.Session):
		return templates.RecoveryMaking
	case set == nil:
		return templates.RecoveryPlain
	case set.Browser != "":
		return templates.RecoveryUnkept
	case !set.KeptAt.IsZero():
		return templates.RecoveryKept
	}
	return templates.RecoveryPlain
}

// makeRecovery gives the user new recovery codes. A person is led to the page that shows
// them; however often a form is sent, it makes them once.
func (h *Handlers) makeRecovery(v *visit) answer {
	fields, err := v.read("code", "attempt")
	if err != nil {
		return badBody(err)
	}
	var viewer factor.Viewer
	attempt := h.cfg.Sessions.Attempt(fields.Get("attempt"))
	if !v.json {
		viewer.Secret = attempt.Secret()
	}
	outcome, codes, err := h.cfg.Rules.MakeRecovery(v.ctx(), v.User, v.proof(fields.Get("code")), viewer)
	meanwhile := errors.Is(err, factor.ErrMadeMeanwhile) // by the same form, perhaps
	var limit *factor.RecoveryLimit
	switch {
	case errors.Is(err, factor.ErrOff):
		return h.noFactor(v)
	case errors.As(err, &limit):
		return failure{
			problem: eagate.ProblemRecoveryLimited,
			page:    templates.MessageMadeOften, retryIn: limit.Until.Sub(h.cfg.Rules.Now()),
		}
	case meanwhile && v.json:
		return failure{problem: eagate.ProblemMadeMeanwhile}
	case err != nil && !meanwhile:
		return failChange(err)
	case !meanwhile && outcome.Result != factor.CodeAccepted:
		return wrongCode{outcome, h.showRecovery}
	case v.json:
		return reply{http.StatusOK, recoveryJSON{Left: len(codes), Codes: codes}}
	default:
		h.cfg.Sessions.KeepBrowser(v.w, v.r, attempt.Begun())
		return redirect(h.cfg.Base + "/recovery-codes")
	}
}

// kept notes that the user has kept the codes that were shown, and goes on.
func (h *Handlers) kept(v *visit) answer {
	fields, err := v.read("set", "enabled")
	if err != nil {
		return badBody(err)
	}
	kept, err := h.cfg.Rules.KeepCodes(v.ctx(), v.User, v.proof(""), fields.Get("set"))
	switch {
	case errors.Is(err, factor.ErrOff):
		return h.noFactor(v)
	case err != nil:
		return failChange(err)
	case v.json:
		return h.recovery(v)
	case !kept: // which the page says, or it shows those that count by now
		return redirect(h.cfg.Base + "/recovery-codes")
	default: // where a second click leads too
		otherwise := h.cfg.Base + "/"
		if isYes(fields.Get("enabled")) {
			otherwise = h.cfg.HomePath
		}
		return leadOn(h.takeNext(v, otherwise))
	}
}

// noFactor answers a request that makes sense only with a second factor.
func (h *Handlers) noFactor(v *visit) answer {
	if !v.json {
		return redirect(h.cfg.Base + "/")
	}
	return failure{problem: eagate.ProblemNoSecondFactor}
}
