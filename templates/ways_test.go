package templates_test

import (
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// Which of the ways to prove it is open, and has the focus: the one that was chosen, went
// wrong, or is the only one; and never two, of which browsers would show the first.
func TestWaysOpen(t *testing.T) {
	t.Parallel()
	wrong := func(byRecovery bool) templates.CodeForm {
		return templates.CodeForm{Error: templates.CodeWrong, ByRecovery: byRecovery}
	}
	tests := []struct {
		name      string
		challenge templates.Challenge
		open      string // the ID of the field in it, or ""
		focus     string // that of the field with the focus
	}{
		{"nothing chosen", templates.Challenge{}, "", ""},
		{"the last request that can be sent", templates.Challenge{Push: templates.PushLimited, PushRetryIn: time.Minute}, "", ""},
		{"chosen", templates.Challenge{PreferCode: true}, "code", "code"},
		{"chosen where no code is taken", templates.Challenge{PreferCode: true, StepUp: true, NoCode: true}, "recovery", ""},
		{"a wrong code", templates.Challenge{Code: wrong(false)}, "code", "code"},
		{"a wrong recovery code", templates.Challenge{Code: wrong(true)}, "recovery", "recovery"},
		{"a wrong recovery code, codes chosen", templates.Challenge{Code: wrong(true), PreferCode: true}, "recovery", "recovery"},
	}
	p := newPages(t)
	for _, tt := range tests {
		tt.challenge.Page, tt.challenge.State = plainPage(templates.English), templates.ChallengePending
		tt.challenge.Number, tt.challenge.ExpiresIn, tt.challenge.HasRecovery = "70", time.Minute, true
		open, focus := "", ""
		page := withoutInline(render(t, p, tt.challenge))
		for _, details := range strings.SplitAfter(page, "</details>") {
			_, details, ok := strings.Cut(details, "<details ")
			if !ok || strings.HasPrefix(details, `id="languages"`) {
				continue
			}
			tag, in, _ := strings.Cut(details, ">")
			for _, want := range []string{`class="typing"`, `name="way"`} {
				expect.Contains(t, tag, want, tt.name)
			}
			for _, id := range []string{"code", "recovery"} {
				_, input, found := strings.Cut(in, `<input id="`+id+`"`)
				input, _, _ = strings.Cut(input, ">")
				if found && strings.HasSuffix(tag, " open") {
					open += id
				}
				if found && strings.HasSuffix(input, " autofocus") {
					focus += id
				}
			}
		}
		if open != tt.open || focus != tt.focus {
			t.Errorf("%s: got %q open and the focus in %q, want %q and %q", tt.name, open, focus, tt.open, tt.focus)
		}
	}
	only := templates.Challenge{Page: plainPage(templates.English), StepUp: true, NoCode: true, Push: templates.PushRefused, HasRecovery: true}
	checkText(t, render(t, p, only), []string{`<details class="typing" name="way" open>`, `<input id="recovery"`}, nil)
	blocked := only
	blocked.Code = templates.CodeForm{Error: templates.CodeBlocked, ByRecovery: true}
	checkText(t, render(t, p, blocked), []string{`<p id="recovery-error" class="error" role="alert" tabindex="-1" autofocus>`}, nil)
}

// A page that refreshes itself hides its fields; and an approval that was used already
// leads on by itself, and isn't looked for again.
func TestRefreshingPage(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	if page := render(t, p, waiting(templates.English)); !strings.Contains(page, `url=/2fa/challenge"><style nonce="NONCE">.typing { display: none; }</style></noscript>`) {
		t.Error("the page that refreshes itself shows its fields, whose text would be lost")
	}
	moved := templates.Challenge{Page: plainPage(templates.English), State: templates.ChallengeApproved, Next: "/account?a=1", Moved: true}
	checkText(t, render(t, p, moved), []string{`<meta http-equiv="refresh" content="1; url=/account?a=1">`}, []string{"<noscript><meta"})
	moved.Moved = false
	checkText(t, render(t, p, moved), nil, []string{`http-equiv="refresh"`})
}

// The window's title begins with the number where it is on the page, and nowhere else.
func TestNumberInTitle(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for state := templates.ChallengeNone; state <= templates.ChallengeElsewhere; state++ {
		c := templates.Challenge{Page: plainPage(templates.English), State: state, Number: "70", ExpiresIn: time.Minute}
		want := state == templates.ChallengePending
		page := withoutInline(render(t, p, c))
		expect.Equal(t, strings.Contains(page, "<title>70 · "), want, "%v, the number in the title", state)
		expect.Equal(t, strings.Contains(page, ">70<"), want, "%v, the number on the page", state)
	}
	hosted := templates.Challenge{
		Page: plainPage(templates.English), State: templates.ChallengePending, Number: "70", ExpiresIn: time.Minute,
		Hosted: &templates.Hosted{URL: "https://service.example/"},
	}
	checkText(t, render(t, p, hosted), nil, []string{"<title>70", ">70<"})
}

// What the script shows later is hidden until then, and what it says is read out.
func TestWaitingWithScript(t *testing.T) {
	t.Parallel()
	checkText(t, render(t, newPages(t), waiting(templates.English)), []string{
		`<p id="again-soon" class="hint" hidden>`, `<p id="status" class="status" role="status">`, `<div id="notice" role="status" `,
	}, []string{`<fieldset id="again" disabled`})
}

// The box to be remembered is on the page once, whichever ways there are. Where there is only
// a code to type, it is next to the button, below the field and what is wrong with it.
func TestBoxBesideButton(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	const box, field, wrong, button = `name="trust"`, `id="code"`, `id="code-error"`, `<button type="submit">Sign in with the code`
	codes := waiting(templates.English)
	codes.State, codes.Push = templates.ChallengeNone, templates.PushCodesOnly
	codes.Code.Error = templates.CodeWrong
	blocked, recovery := codes, codes
	blocked.Code, blocked.CodesBlocked = templates.CodeForm{}, true
	recovery.Code, recovery.NoCode = templates.CodeForm{}, true
	for name, c := range map[string]templates.Challenge{
		"waiting": waiting(templates.English), "code": codes, "blocked": blocked, "recovery": recovery,
	} {
		expect.Equal(t, strings.Count(withoutInline(render(t, p, c)), box), 1, "%s, boxes", name)
	}
	page := withoutInline(render(t, p, codes))
	last := -1
	for _, part := range []string{field, wrong, box, button} {
		at := strings.Index(page, part)
		if at <= last {
			t.Errorf("got %s at %d, it after %d", part, at, last)
		}
		last = at
	}
}
