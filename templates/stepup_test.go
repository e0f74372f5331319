package templates_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/templates"
)

func TestStepUp(t *testing.T) {
	const (
		totp   = `<input id="code" name="code"`
		send   = `<form method="post" action="/2fa/challenge">` + "\n" + `<button type="submit">`
		cancel = "Cancel sign-in"
		back   = `Back to Acme</button>`
		phone  = "a code isn’t enough here"
		later  = "please come back to it later"
		again  = "please send it again"
	)
	for _, tt := range []struct {
		name      string
		challenge templates.Challenge
		has, not  []string
	}{
		{
			"pending", templates.Challenge{State: templates.ChallengePending},
			[]string{
				"<h1>Confirm it’s you to go on</h1>", "You are signed in.", "Signed in as alice@example.com", "tap the number you see below.",
				`data-going="Approved. Going on…"`, totp, "Confirm with the code", back,
			},
			[]string{"to sign in", cancel, phone, again, send},
		},
		{
			"pending, phone only, a form", templates.Challenge{State: templates.ChallengePending, NoCode: true, Resend: true},
			[]string{phone, again, back, `http-equiv="refresh"`}, []string{totp, send, "?code=1", later},
		},
		{
			"pending, phone only, code asked for", templates.Challenge{State: templates.ChallengePending, NoCode: true, PreferCode: true},
			[]string{phone, `http-equiv="refresh"`}, []string{totp},
		},
		{"nothing sent", templates.Challenge{}, []string{"Confirm it’s you to go on", send, totp, back}, []string{phone, cancel}},
		{"nothing sent, phone only", templates.Challenge{NoCode: true}, []string{send, phone, back}, []string{totp, later}},
		{
			"unavailable", templates.Challenge{Push: templates.PushUnavailable},
			[]string{"Confirm it’s you to go on", "We can’t reach your phone right now. Type the code", totp, "Try the phone again"}, []string{later},
		},
		{
			"unavailable, phone only", templates.Challenge{Push: templates.PushUnavailable, NoCode: true},
			[]string{"We can’t reach your phone right now.</p>", "What you want to do can’t be confirmed by a code.", later, "Try the phone again", back},
			[]string{totp, "Type the code"},
		},
		{
			"rejected, phone only", templates.Challenge{State: templates.ChallengeRejected, Push: templates.PushPaused, PushRetryIn: time.Minute, NoCode: true},
			[]string{"<h1>Rejected</h1>", "You are still signed in.", "no new request can be sent for 1 minute", later, back},
			[]string{totp, send, "you are not signed in"},
		},
		{
			"expired, phone only", templates.Challenge{State: templates.ChallengeExpired, NoCode: true},
			[]string{"Nobody answered it on your phone in time.</p>", send, phone}, []string{totp, "Choose below"},
		},
		{
			"code only", templates.Challenge{Push: templates.PushRefused},
			[]string{"Your phone can’t confirm this with a tap. Type the code", totp, back}, []string{send, "We can’t reach"},
		},
		{
			"neither", templates.Challenge{Push: templates.PushRefused, NoCode: true},
			[]string{later, back}, []string{send, totp},
		},
		{
			"phone or recovery code", templates.Challenge{State: templates.ChallengePending, NoCode: true, HasRecovery: true},
			[]string{`action="/2fa/challenge/recovery"`, back}, []string{totp, phone, later},
		},
		{
			"recovery code only", templates.Challenge{Push: templates.PushRefused, NoCode: true, HasRecovery: true},
			[]string{`action="/2fa/challenge/recovery"`, back}, []string{totp, send, phone, later},
		},
		{
			"approved", templates.Challenge{State: templates.ChallengeApproved, Next: "/transfer"},
			[]string{"<h1>Approved</h1>", `href="/transfer"`}, []string{totp, send, "sign-in"},
		},
		{
			"approved, phone only", templates.Challenge{State: templates.ChallengeApproved, Next: "/transfer", NoCode: true},
			[]string{`href="/transfer"`}, []string{totp, send, phone},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.challenge.Page, tt.challenge.StepUp = plainPage(templates.English), true
			if tt.challenge.State == templates.ChallengePending {
				tt.challenge.Number, tt.challenge.ExpiresIn = "70", 245*time.Second
			}
			checkText(t, render(t, newPages(t), tt.challenge), tt.has, tt.not)
		})
	}
}
