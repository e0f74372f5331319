package handlers

import (
	"cmp"
	"log/slog"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

// mayRing reports whether a page may make the phone ring by itself. A link on another
// site or a sibling host must not, where it would be the first that the user sees of it.
func (v *visit) mayRing() bool {
	if v.Standing == factor.Locked {
		return true
	}
	switch v.r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none", "": // the last of an older browser
		return v.Accepts(eagate.Push)
	}
	return false
}

// whyNoPush is what a page says of a phone that isn't asked.
func (h *Handlers) whyNoPush(v *visit, phone session.Phone) templates.Push {
	switch h.cfg.Rules.WhyNoPush(v.ctx(), v.User, v.Account) {
	case factor.NoPushFault:
		if phone == session.PhoneDeclined {
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
func (h *Handlers) noPush(v *visit, phone session.Phone) answer {
	f := failure{problem: eagate.ProblemPushUnavailable, retryIn: retryAfter, challenge: true}
	if title := forGood[h.whyNoPush(v, phone)]; title != "" {
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

// pushLimited answers a program whose user's phone was asked too often.
func (h *Handlers) pushLimited(v *visit, limit *factor.PushLimit) answer {
	return failure{
		problem: eagate.ProblemPushLimited, title: v.orByCode(eagate.ProblemPushLimited.Title()),
		retryIn: limit.Until.Sub(h.cfg.Rules.Now()), challenge: true,
	}
}

// orByCode adds to why the phone doesn't do that a code would.
func (v *visit) orByCode(why string) string {
	if v.Accepts(eagate.TOTP) {
		return why + "; a code can be used"
	}
	return why
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
