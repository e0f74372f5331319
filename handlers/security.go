package handlers

import (
	"errors"
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/templates"
)

// security is the page on which the second factor is switched on and off.
func (h *Handlers) security(v *visit) answer {
	return h.showSecurity(v, factor.CodeAnswer{})
}

// showSecurity shows it after a code with which a new phone was to be set up.
func (h *Handlers) showSecurity(v *visit, outcome factor.CodeAnswer) answer {
	return h.showSecurityOf(v, outcome, false)
}

// showDisabling shows it after a code with which it was to be switched off.
func (h *Handlers) showDisabling(v *visit, outcome factor.CodeAnswer) answer {
	return h.showSecurityOf(v, outcome, true)
}

func (h *Handlers) showSecurityOf(v *visit, outcome factor.CodeAnswer, disabling bool) answer {
	acct, state := v.Account, h.factorState(v)
	push := h.whyNoPush(v, h.cfg.Sessions.Phone(v.ctx(), v.User))
	if state != templates.FactorOn {
		// That it can't be told now, the button will say.
		if has, err := h.cfg.Rules.HasAddress(v.ctx(), v.User); err == nil && !has {
			push = templates.PushNoAddress
		}
	}
	duty, err := h.cfg.Rules.Duty(v.ctx(), v.User)
	if err != nil {
		return fault{err}
	}
	if v.json {
		s := accountJSON{State: state.String(), Required: duty.Required}
		if !duty.Due.IsZero() {
			s.Due = &duty.Due
		}
		if acct.State == records.On {
			s.EnabledAt, s.CodesOnly = &acct.EnabledAt, acct.Factor.CodesOnly
			left := factor.RecoveryLeft(acct)
			s.RecoveryLeft = &left
			for _, proof := range factor.LastProofs(acct) {
				s.LastProofs = append(s.LastProofs, proofJSON{proof.Method, proof.At})
			}
		}
		if acct.Sync.Late() {
			s.LateSince = &acct.Sync.Since
		}
		return reply{http.StatusOK, s}
	}
	page := templates.Security{
		State:     state,
		Since:     acct.EnabledAt,
		NeedsCode: !h.cfg.Rules.Fresh(v.Grant),
		Code:      h.codeForm(v, h.cfg.Rules.Digits(acct), outcome),
		Disabling: disabling,

		RecoveryLeft:   factor.RecoveryLeft(acct),
		RecoveryUnkept: acct.Recovery != nil && acct.Recovery.Browser != "",
		HasDevices:     h.cfg.Rules.DeviceLifetime() > 0,
		Devices:        len(h.cfg.Rules.Devices(acct)),
		Push:           push,
		Required:       duty.Required,
		Due:            h.later(duty.Due),
	}
	if acct.Sync.Late() {
		page.LateSince = acct.Sync.Since
	}
	for _, proof := range factor.LastProofs(acct) {
		page.Proofs = append(page.Proofs, templates.Proof{Method: proof.Method, At: proof.At})
	}
	h.keepKnown(v)
	return html{codeStatus(outcome), func(p templates.Page) templates.View {
		page.Page = p
		return page
	}}
}

func (h *Handlers) factorState(v *visit) templates.FactorState {
	switch {
	case v.Account.State == records.On:
		return templates.FactorOn
	case h.cfg.Rules.IsStaged(v.Account, v.Session):
		return templates.FactorPending
	}
	return templates.FactorOff
}

// disable switches the second factor off.
func (h *Handlers) disable(v *visit) answer {
	code, err := v.readCode()
	if err != nil {
		return badBody(err)
	}
	outcome, err := h.cfg.Rules.Disable(v.ctx(), v.User, v.proof(code))
	switch {
	case errors.Is(err, factor.ErrRequired):
		return failure{problem: eagate.ProblemRequired, page: templates.MessageRequired}
	case errors.Is(err, factor.ErrOff): // by the same form, perhaps, sent before
		return disabled(v)
	case err != nil:
		return failChange(err)
	case outcome.Result != factor.CodeAccepted:
		return wrongCode{outcome, h.showDisabling}
	default:
		h.cfg.Sessions.Forget(v.ctx())
		h.cfg.Rules.SyncNow(v.ctx(), v.User.ID)
		return disabled(v)
	}
}

// disabled says that there is no second factor.
func disabled(v *visit) answer {
	if v.json {
		return reply{http.StatusOK, accountJSON{State: templates.FactorOff.String()}}
	}
	return message(templates.MessageDisabled, "")
}

// later is due if that is still to come, and else zero: it is due now.
func (h *Handlers) later(due time.Time) time.Time {
	if h.cfg.Rules.Now().Before(due) {
		return due
	}
	return time.Time{}
}
