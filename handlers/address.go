package handlers

import (
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/templates"
)

// whyNoPush is what a page says of a phone that isn't asked.
func (h *Handlers) whyNoPush(v *visit, acct records.Account) templates.Push {
	switch h.cfg.Rules.WhyNoPush(v.ctx(), v.user, acct) {
	case factor.NoPushFault:
	case factor.NoPushMoved:
		return templates.PushMoved
	case factor.NoPushCodesOnly:
		return templates.PushCodesOnly
	}
	return templates.PushUnavailable
}

// noPush is the same for a program.
func (h *Handlers) noPush(v *visit) string {
	acct, err := h.cfg.Rules.Account(v.ctx(), v.user.ID)
	if err != nil {
		return "The phone can't be reached"
	}
	switch h.cfg.Rules.WhyNoPush(v.ctx(), v.user, acct) {
	case factor.NoPushFault:
	case factor.NoPushMoved:
		return "The e-mail address has changed since the phone was set up; it must be set up again to be asked"
	case factor.NoPushCodesOnly:
		return "The phone is set up for codes only"
	}
	return "The phone can't be reached"
}
