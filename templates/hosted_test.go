package templates_test

import (
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

func TestHostedChallenge(t *testing.T) {
	const (
		link    = `<a id="webview" class="button" href="https://identifier.example/start?redirect_uri=https%3A%2F%2Fapp.example&amp;session_token=TOKEN"`
		reopen  = `>Open the eAuthenticator page again</a>`
		anew    = `<form method="post" action="/2fa/challenge">` + "\n" + `<button type="submit">`
		again   = `<fieldset id="again"><button type="submit" class="second">Send a new request</button></fieldset>`
		totp    = `<input id="code" name="code"`
		popup   = `data-popup="https://identifier.example/start?redirect_uri=https%3A%2F%2Fapp.example&amp;session_token=TOKEN" data-origin="https://identifier.example" data-state="STATE" data-return="/2fa/return"`
		number  = `id="number"`
		closed  = `<details class="typing" name="way">`
		open    = `<details class="typing" name="way" open>`
		refresh = `http-equiv="refresh"`
		alert   = `class="error" role="alert"`
		timer   = `role="timer">`
	)
	redirect := &templates.Hosted{URL: webview}
	window := &templates.Hosted{URL: webview, Popup: &templates.Popup{URL: webview, Origin: "https://identifier.example", State: "STATE"}}
	tests := []struct {
		name      string
		challenge templates.Challenge
		has, not  []string
	}{
		{
			"redirect", templates.Challenge{Hosted: redirect},
			[]string{link, again, ">Continue to eAuthenticator</a>", totp, timer, "shows you the number to tap", `data-state="pending"`, ">4:05<"},
			[]string{number, open, refresh, popup, anew, "<noscript>", alert},
		},
		{"popup", templates.Challenge{Hosted: window}, []string{link, popup, totp}, []string{number, open, refresh}},
		{
			"code asked for", templates.Challenge{Hosted: redirect, PreferCode: true},
			[]string{link, open, " autofocus>"}, []string{refresh},
		},
		{
			"not yet known", templates.Challenge{Hosted: &templates.Hosted{}},
			[]string{`<noscript><meta http-equiv="refresh" content="2; url=/2fa/challenge"><style`, totp, `data-soon="1"`}, []string{`id="webview"`, again},
		},
		{
			"not yet known, code asked for", templates.Challenge{Hosted: &templates.Hosted{}, PreferCode: true},
			[]string{totp, open}, []string{refresh},
		},
		{
			"back with a success", templates.Challenge{Hosted: redirect, Return: templates.ReturnDone},
			[]string{`data-return="done"`, "We are waiting for its confirmation", reopen, refresh, `href="/2fa/challenge?code=1"`, totp},
			[]string{alert, open, anew},
		},
		{
			"back with a rejection", templates.Challenge{Hosted: redirect, Return: templates.ReturnRejected},
			[]string{alert, "says that the sign-in was rejected", anew, closed, totp}, []string{link, refresh, timer},
		},
		{
			"back with a rejection, no more requests",
			templates.Challenge{Hosted: redirect, Return: templates.ReturnRejected, Push: templates.PushLimited, PushRetryIn: time.Minute},
			[]string{alert, "The next one can be sent in 1 minute.", totp}, []string{link, anew, `name="way"`},
		},
		{
			"back too late", templates.Challenge{Hosted: window, Return: templates.ReturnTimeout},
			[]string{alert, "The time on the eAuthenticator page ran out.", anew, closed}, []string{link, popup},
		},
		{
			"back with a fault", templates.Challenge{Hosted: window, Return: templates.ReturnFault},
			[]string{alert, "Something went wrong on the eAuthenticator page.", reopen, again, popup, closed, totp}, []string{anew},
		},
		{
			"back with something else", templates.Challenge{Hosted: redirect, Return: templates.ReturnUnclear},
			[]string{alert, "without an answer", reopen, again, closed}, []string{anew},
		},
		{
			"back with nonsense", templates.Challenge{Hosted: redirect, Return: 200},
			[]string{alert, "without an answer"}, nil,
		},
	}
	p := newPages(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.challenge.Page = plainPage(templates.English)
			tt.challenge.State, tt.challenge.ExpiresIn = templates.ChallengePending, 245*time.Second
			page := render(t, p, tt.challenge)
			checkText(t, page, tt.has, tt.not)
			wants := tt.challenge.Hosted.Popup != nil
			expect.Equal(t, strings.Contains(page, "window.open("), wants, "the page's script opens a window")
		})
	}
}

// An address that is no link stays harmless.
func TestHostedChallengeToAScript(t *testing.T) {
	page := render(t, newPages(t), templates.Challenge{
		Page: plainPage(templates.English), State: templates.ChallengePending, Hosted: &templates.Hosted{URL: "javascript:alert(1)"},
	})
	checkText(t, page, nil, []string{"javascript:"})
}
