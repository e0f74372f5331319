package handlers

import (
	"cmp"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/templates"
)

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
func (h *Handlers) noPush(v *visit) {
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
	h.fail(v.w, v.r, f)
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

// noAddress answers somebody who can't set up a phone without an e-mail address.
func (h *Handlers) noAddress(v *visit) {
	h.fail(v.w, v.r, failure{problem: eagate.ProblemNoAddress, page: templates.MessageNoAddress})
}
