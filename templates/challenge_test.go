package templates_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

func TestChallenge(t *testing.T) {
	const (
		number  = `<strong id="number">70</strong>`
		refresh = `<noscript><meta http-equiv="refresh" content="5; url=/2fa/challenge"><style` // which hides the fields
		totp    = `<input id="code" name="code"`
		send    = `<form method="post" action="/2fa/challenge">` + "\n" + `<button type="submit">`
		again   = `<fieldset id="again"><button type="submit" class="second">Send a new request</button></fieldset>`
		trouble = "Nothing on your phone?"
		logout  = `<form method="post" action="/2fa/cancel"`
		focus   = ` autofocus>`
		closed  = `<details class="typing" name="way">`
		open    = `<details class="typing" name="way" open>`
	)
	tests := []struct {
		name      string
		challenge templates.Challenge
		has, not  []string
	}{
		{
			"pending", templates.Challenge{State: templates.ChallengePending},
			[]string{
				`data-state="pending"`, "<h1>Approve sign in request</h1>", number, refresh, totp, closed, logout, ">4:05<",
				"Open your eAuthenticator app and tap the number you see below to sign in.",
				`max="245" value="245"`, `data-challenge="/2fa/challenge" `,
				`role="status"`, "Signing in as alice@example.com", `href="/2fa/challenge?code=1"`,
				"<title>70 · Approve sign in request – Acme</title>", trouble, again,
			},
			[]string{send, focus, `role="alert"`, "The next one can be sent"},
		},
		{
			"pending, the last that can be sent", templates.Challenge{State: templates.ChallengePending, Push: templates.PushLimited, PushRetryIn: time.Minute},
			[]string{number, trouble, "The next one can be sent in 1 minute."}, []string{again},
		},
		{
			"pending, the cookie lost", templates.Challenge{State: templates.ChallengePending, Push: templates.PushNoCookie},
			[]string{number, trouble}, []string{again},
		},
		{
			"pending, some time left of it", templates.Challenge{State: templates.ChallengePending, Lifetime: 5 * time.Minute},
			[]string{`max="300" value="245"`}, nil,
		},
		{
			"pending, code asked for", templates.Challenge{State: templates.ChallengePending, PreferCode: true},
			[]string{number, open, focus}, []string{refresh},
		},
		{
			"pending, code wrong",
			templates.Challenge{State: templates.ChallengePending, Code: templates.CodeForm{Error: templates.CodeWrong}},
			[]string{
				"<title>Error: Approve sign in request – Acme</title>", number, open, focus,
				`id="code-error"`, `aria-invalid="true" aria-describedby="code-error code-hint"`,
			},
			[]string{refresh},
		},
		{
			"pending, recovery code wrong",
			templates.Challenge{State: templates.ChallengePending, HasRecovery: true, Code: templates.CodeForm{Error: templates.CodeWrong, ByRecovery: true}},
			[]string{number, `id="recovery-error"`}, []string{refresh},
		},
		{
			"pending, codes blocked",
			templates.Challenge{State: templates.ChallengePending, Code: templates.CodeForm{Error: templates.CodeBlocked}},
			[]string{number, "<h1>No more codes are accepted</h1>", "A tap on your phone still works."}, []string{totp, "Ask Acme"},
		},
		{
			"in another browser", templates.Challenge{State: templates.ChallengeElsewhere},
			[]string{
				`data-state="other_browser"`, "<h1>Go on in this browser?</h1>", "have a new request sent", "Continue here",
				`<form method="post" action="/2fa/challenge/continue">`, totp, closed,
			},
			[]string{number, send, focus},
		},
		{
			"in another browser, after many requests",
			templates.Challenge{State: templates.ChallengeElsewhere, Push: templates.PushLimited, PushRetryIn: time.Minute},
			[]string{"<h1>Go on in this browser?</h1>", "The next one can be sent in 1 minute.", totp},
			[]string{number, send, "have a new request sent", "Continue here", trouble, "<title>70"},
		},
		{
			"nothing sent", templates.Challenge{},
			[]string{`data-state="none"`, send, "Send a request to your phone</button>", totp, closed}, []string{`id="number"`, focus, refresh},
		},
		{
			"nothing sent, code asked for", templates.Challenge{PreferCode: true, HasRecovery: true},
			[]string{send, open + "\n<summary>Use a code instead</summary>", focus, closed + "\n<summary>Phone lost? Use a recovery code</summary>"}, nil,
		},
		{
			"nothing sent, code wrong", templates.Challenge{Code: templates.CodeForm{Error: templates.CodeWrong}},
			[]string{send, open, focus, `id="code-error"`}, []string{closed},
		},
		{
			"nothing sent, recovery code wrong", templates.Challenge{Code: templates.CodeForm{Error: templates.CodeWrong, ByRecovery: true}},
			[]string{send, open, focus, `id="recovery-error"`, closed}, nil,
		},
		{
			"unavailable", templates.Challenge{Push: templates.PushUnavailable},
			[]string{`data-state="none"`, "We can’t reach your phone right now. Type the code", totp, focus}, []string{send, refresh, `name="way"`},
		},
		{
			"rejected and paused",
			templates.Challenge{State: templates.ChallengeRejected, Push: templates.PushPaused, PushRetryIn: 14*time.Minute + time.Second},
			[]string{`data-state="rejected"`, "no new request can be sent for 15 minutes", totp, focus}, []string{send},
		},
		{
			"rejected", templates.Challenge{State: templates.ChallengeRejected},
			[]string{`data-state="rejected"`, send, "Send a new request</button>", totp, closed}, []string{focus},
		},
		{
			"limited, codes blocked",
			templates.Challenge{
				Push: templates.PushLimited, PushRetryIn: time.Minute, Code: templates.CodeForm{Error: templates.CodeBlocked},
			},
			[]string{"The next one can be sent in 1 minute.</p>", `tabindex="-1" autofocus`}, []string{send, totp},
		},
		{
			"expired", templates.Challenge{State: templates.ChallengeExpired},
			[]string{`data-state="expired"`, "Nobody answered it on your phone in time.", send, totp, closed},
			[]string{refresh, focus},
		},
		{
			"approved", templates.Challenge{State: templates.ChallengeApproved, Next: "/account?a=1&b=2"},
			[]string{`data-state="approved"`, `href="/account?a=1&amp;b=2"`}, []string{totp, send},
		},
		{
			"approved, to a script", templates.Challenge{State: templates.ChallengeApproved, Next: "javascript:alert(1)"},
			nil, []string{"javascript:"},
		},
		{
			"eight digits", templates.Challenge{Code: templates.CodeForm{Digits: 8}},
			[]string{"8 digits"}, []string{"maxlength", "minlength", "pattern"},
		},
		{
			"six digits", templates.Challenge{},
			[]string{`inputmode="numeric" autocapitalize="off" autocomplete="one-time-code"`}, []string{"maxlength", "minlength", "pattern"},
		},
	}
	p := newPages(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.challenge.Page = plainPage(templates.English)
			if tt.challenge.State == templates.ChallengePending {
				tt.challenge.Number, tt.challenge.ExpiresIn = "70", 245*time.Second
			}
			checkText(t, render(t, p, tt.challenge), tt.has, tt.not)
		})
	}
}

func TestChallengeWithoutOptionalParts(t *testing.T) {
	page := render(t, newPages(t), templates.Challenge{Page: templates.Page{Base: "/2fa", Issuer: "Acme"}})
	checkText(t, page, []string{`<html lang="en"`, "Cancel sign-in"}, []string{"Signing in as"})
}

func TestCodeErrors(t *testing.T) {
	tests := []struct {
		name string
		code templates.CodeForm
		want string
	}{
		{"malformed", templates.CodeForm{Error: templates.CodeMalformed, Digits: 8}, "Type all 8 digits of the code, and nothing else."},
		{"wrong", templates.CodeForm{Error: templates.CodeWrong}, "That code is not right."},
		{"used", templates.CodeForm{Error: templates.CodeUsed}, "That code was used already"},
		{"locked for no time", templates.CodeForm{Error: templates.CodeLocked}, "Try again in 1 second."},
		{"locked", templates.CodeForm{Error: templates.CodeLocked, RetryIn: 29*time.Second + 1}, "Try again in 30 seconds."},
		{"locked a minute", templates.CodeForm{Error: templates.CodeLocked, RetryIn: 59*time.Second + 1}, "Try again in 1 minute."},
		{"locked an hour", templates.CodeForm{Error: templates.CodeLocked, RetryIn: time.Hour}, "Try again in 60 minutes."},
		{"blocked", templates.CodeForm{Error: templates.CodeBlocked}, "Too many wrong codes"},
		{"blocked after others", templates.CodeForm{Error: templates.CodeBlocked, CheckClock: true}, "Too many wrong codes"},
		{"wrong again", templates.CodeForm{Error: templates.CodeWrong, CheckClock: true}, "shows now. If codes go on being refused, have the phone set its date and time automatically."},
		{"unknown", templates.CodeForm{Error: 200}, "That code is not right."},
	}
	p := newPages(t)
	page := plainPage(templates.English)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, view := range []templates.View{
				templates.Challenge{Page: page, Code: tt.code},
				templates.Security{Page: page, State: templates.FactorOn, NeedsCode: true, Code: tt.code},
				templates.Security{Page: page, State: templates.FactorOn, Code: tt.code},
				templates.Enable{Page: page, Key: parseKey(t, keyURI), Code: tt.code},
			} {
				var not []string
				if tt.code.Error == templates.CodeBlocked {
					not = []string{"date and time automatically"}
				}
				checkText(t, render(t, p, view), []string{`id="code-error"`, tt.want}, not)
			}
		})
	}
}

// checkText checks which texts a page has and which it hasn't. The style and
// the script don't count.
func checkText(t *testing.T, page string, has, not []string) {
	t.Helper()
	page = withoutInline(page)
	for _, text := range has {
		expect.Contains(t, page, text)
	}
	for _, text := range not {
		expect.Lacks(t, page, text, "in")
	}
}
