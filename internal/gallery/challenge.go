package gallery

import (
	"time"

	"github.com/eagate/eagate/templates"
)

// pending is a challenge that waits for the phone.
func pending(page templates.Page) templates.Challenge {
	return templates.Challenge{
		Page: page, State: templates.ChallengePending, Number: "70",
		ExpiresIn: 245 * time.Second, Lifetime: 5 * time.Minute, Next: "/account", HasRecovery: true, TrustFor: 30 * 24 * time.Hour,
	}
}

// changed returns a function that makes a view of c with a change.
func changed(c templates.Challenge) func(func(*templates.Challenge)) templates.View {
	return func(change func(*templates.Challenge)) templates.View {
		c := c
		change(&c)
		return c
	}
}

func challenge(page templates.Page) []Scene {
	with := changed(pending(page))
	state := func(s templates.ChallengeState) templates.View {
		return with(func(c *templates.Challenge) { c.State = s })
	}
	push := func(p templates.Push) templates.View {
		return with(func(c *templates.Challenge) {
			c.State, c.Push = templates.ChallengeNone, p
			if p == templates.PushPaused || p == templates.PushLimited {
				c.PushRetryIn = 15 * time.Minute
			}
			if p == templates.PushNoCookie {
				c.Cookie = "eagate-browser-"
			}
		})
	}
	return []Scene{
		{"challenge", "pending", "tap the number on the phone", pending(page)},
		{"challenge", "pending-plain", "the same, without recovery codes and trusted browsers", with(func(c *templates.Challenge) {
			c.HasRecovery, c.TrustFor = false, 0
		})},
		{"challenge", "pending-code", "the same, and the user has chosen the code", with(func(c *templates.Challenge) { c.PreferCode, c.Trust = true, true })},
		{"challenge", "none", "no request was sent yet", state(templates.ChallengeNone)},
		{"challenge", "approved", "approved on the phone", state(templates.ChallengeApproved)},
		{"challenge", "moved", "approved, and another tab has gone on", with(func(c *templates.Challenge) {
			c.State, c.Moved = templates.ChallengeApproved, true
		})},
		{"challenge", "not-approved", "not approved", state(templates.ChallengeNotApproved)},
		{"challenge", "rejected", "rejected on the phone", state(templates.ChallengeRejected)},
		{"challenge", "expired", "not answered in time", state(templates.ChallengeExpired)},
		{"challenge", "elsewhere", "started by another browser", state(templates.ChallengeElsewhere)},
		{"challenge", "not-approved-paused", "not approved twice", with(func(c *templates.Challenge) {
			c.State, c.Push, c.PushRetryIn = templates.ChallengeNotApproved, templates.PushPaused, 15*time.Minute
		})},
		{"challenge", "unavailable", "the phone can't be reached", push(templates.PushUnavailable)},
		{"challenge", "phone-moved", "the phone is set up for a former e-mail address", push(templates.PushMoved)},
		{"challenge", "codes-only", "the phone is set up for codes only", push(templates.PushCodesOnly)},
		{"challenge", "no-address", "the user has no e-mail address", push(templates.PushNoAddress)},
		{"challenge", "declined", "the service refuses", push(templates.PushDeclined)},
		{"challenge", "paused", "no requests for some time", push(templates.PushPaused)},
		{"challenge", "limited", "too many requests", push(templates.PushLimited)},
		{"challenge", "no-cookie", "the browser drops the cookie", push(templates.PushNoCookie)},
	}
}

func code(page templates.Page) []Scene {
	with := changed(pending(page))
	form := func(f templates.CodeForm) templates.View {
		return with(func(c *templates.Challenge) { c.Code = f })
	}
	recovery := func(e templates.CodeError, typed string) templates.View {
		return form(templates.CodeForm{Error: e, ByRecovery: true, Typed: typed, RetryIn: 90 * time.Second})
	}
	return []Scene{
		{"code", "malformed", "not six digits", form(templates.CodeForm{Error: templates.CodeMalformed})},
		{"code", "wrong", "not the present code", form(templates.CodeForm{Error: templates.CodeWrong})},
		{"code", "clock", "several wrong codes: the phone's clock?", form(templates.CodeForm{Error: templates.CodeWrong, CheckClock: true})},
		{"code", "used", "used already", form(templates.CodeForm{Error: templates.CodeUsed})},
		{"code", "busy", "not checked yet", form(templates.CodeForm{Error: templates.CodeBusy})},
		{"code", "locked", "too many wrong ones: later", form(templates.CodeForm{Error: templates.CodeLocked, RetryIn: 90 * time.Second})},
		{"code", "blocked", "too many wrong ones: the phone, or a recovery code", form(templates.CodeForm{Error: templates.CodeBlocked})},
		{"code", "eight-digits", "of eight digits", with(func(c *templates.Challenge) { c.PreferCode, c.Code.Digits = true, 8 })},
		{"code", "recovery-malformed", "not a recovery code", recovery(templates.CodeMalformed, "ABCD")},
		{"code", "recovery-wrong", "not one of the user's recovery codes", recovery(templates.CodeWrong, "ABCD-EFGH-JKMN-PQRS")},
		{"code", "recovery-used", "a recovery code that was used already", recovery(templates.CodeUsed, "ABCD-EFGH-JKMN-PQRS")},
		{"code", "recovery-locked", "too many wrong recovery codes: later", recovery(templates.CodeLocked, "")},
		{"code", "recovery-blocked", "too many wrong recovery codes: the phone, or a code", with(func(c *templates.Challenge) {
			c.Code, c.RecoveryBlocked = templates.CodeForm{Error: templates.CodeBlocked, ByRecovery: true}, true
		})},
		{"code", "both-blocked", "too many wrong codes of both kinds, and no request", with(func(c *templates.Challenge) {
			c.State, c.Push, c.PushRetryIn = templates.ChallengeNone, templates.PushPaused, 24*time.Hour
			c.CodesBlocked, c.RecoveryBlocked = true, true
		})},
	}
}

func hosted(page templates.Page) []Scene {
	with := changed(pending(page))
	back := func(r templates.Return) templates.View {
		return with(func(c *templates.Challenge) { c.Hosted, c.Return = &templates.Hosted{URL: webview}, r })
	}
	return []Scene{
		{"hosted", "soon", "the address of the service's page isn't known yet", with(func(c *templates.Challenge) { c.Hosted = &templates.Hosted{} })},
		{"hosted", "redirect", "a link to the service's page", back(templates.ReturnNone)},
		{"hosted", "popup", "the service's page in a popup", with(func(c *templates.Challenge) {
			c.Hosted = &templates.Hosted{URL: webview, Popup: &templates.Popup{URL: webview, Origin: "https://identifier.example", State: "STATE"}}
		})},
		{"hosted", "done", "back with a success", back(templates.ReturnDone)},
		{"hosted", "rejected", "back, rejected", back(templates.ReturnRejected)},
		{"hosted", "timeout", "back, too late", back(templates.ReturnTimeout)},
		{"hosted", "fault", "back, the service failed", back(templates.ReturnFault)},
		{"hosted", "unclear", "back with something else", back(templates.ReturnUnclear)},
	}
}

func stepUp(page templates.Page) []Scene {
	again := pending(page)
	again.StepUp, again.TrustFor = true, 0
	with := changed(again)
	state := func(s templates.ChallengeState) templates.View {
		return with(func(c *templates.Challenge) { c.State = s })
	}
	return []Scene{
		{"step-up", "pending", "confirm once more on the phone", again},
		{"step-up", "resend", "confirm, and then send the form again", with(func(c *templates.Challenge) { c.Resend = true })},
		{"step-up", "phone-only", "a code won't do", with(func(c *templates.Challenge) { c.NoCode, c.HasRecovery = true, false })},
		{"step-up", "code-only", "the phone won't do", with(func(c *templates.Challenge) { c.State, c.Push = templates.ChallengeNone, templates.PushRefused })},
		{"step-up", "approved", "approved on the phone", state(templates.ChallengeApproved)},
		{"step-up", "not-approved", "not approved", state(templates.ChallengeNotApproved)},
		{"step-up", "rejected", "rejected on the phone", state(templates.ChallengeRejected)},
		{"step-up", "unavailable", "the phone can't be reached, and a code won't do", with(func(c *templates.Challenge) {
			c.State, c.Push, c.NoCode, c.HasRecovery = templates.ChallengeNone, templates.PushUnavailable, true, false
		})},
		{"step-up", "set-up", "the phone must be set up again first", with(func(c *templates.Challenge) {
			c.State, c.Push, c.NoCode, c.HasRecovery = templates.ChallengeNone, templates.PushMoved, true, false
		})},
	}
}
