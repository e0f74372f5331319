package templates_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

var (
	asleep   = regexp.MustCompile(`(?s)<(template|noscript)\b.*?</(?:template|noscript)>`) // not on the page that most see
	button   = regexp.MustCompile(`<button\b[^>]*\btype="submit"[^>]*>|<a\b[^>]*\bclass="button[^>]*>`)
	lesser   = regexp.MustCompile(`class="[^"]*\b(second|quiet|danger)\b`)
	heading  = regexp.MustCompile(`<h1>(.*)</h1>`)
	wayOut   = regexp.MustCompile(`action="/2fa/cancel"|href="(/account|/login|/2fa/)"|action="/2fa/recovery-codes/kept"`)
	helpLink = `<a id="help" href="https://help.example/2fa">Ask Acme for help</a>`
)

// body is what a page shows.
func body(page string) string {
	_, page, _ = strings.Cut(page, "<main ")
	page, _, _ = strings.Cut(page, "</main>")
	return page
}

// primaries are the buttons of a page that stand out.
func primaries(page string) (list []string) {
	for _, b := range button.FindAllString(asleep.ReplaceAllString(page, ""), -1) {
		if !lesser.MatchString(b) {
			list = append(list, b)
		}
	}
	return list
}

// withEverything is a page of an application that has named all that a page can lead to.
func withEverything(lang templates.Language) templates.Page {
	page := plainPage(lang)
	page.PasswordPath, page.HelpURL = "/password", "https://help.example/2fa"
	return page
}

// Each message has a title of its own, one thing to do next, and a way out.
func TestMessagesLeadOn(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	titles := map[string]string{ // by kind: those that say the same
		"replacement-expired": "enrolment-expired",
		"enabled-codes":       "enabled", "form-locked": "form-stopped", "form-unavailable": "form-stopped",
	}
	seen := make(map[string]string)
	for kind := templates.MessageUnavailable; kind <= templates.MessageFormUnavailable; kind++ {
		for _, page := range []templates.Page{plainPage(templates.English), withEverything(templates.English)} {
			for _, signedIn := range []bool{false, true} {
				for _, next := range []string{"", "/login"} {
					view := templates.Message{Page: page, Kind: kind, SignedIn: signedIn, Next: next}
					html := render(t, p, view)
					if list := primaries(html); len(list) != 1 {
						t.Errorf("%v: got %d primary buttons %q, want 1", kind, len(list), list)
					}
					if !wayOut.MatchString(html) {
						t.Errorf("%v: got no way out in\n%s", kind, html)
					}
					title := heading.FindStringSubmatch(html)[1]
					name := kind.String()
					if other, ok := titles[name]; ok {
						name = other
					}
					if other, ok := seen[title]; ok && other != name {
						t.Errorf("%v: has the title of %s, %q", kind, other, title)
					}
					seen[title] = name
				}
			}
		}
	}
}

func TestMessagesOfTheApplication(t *testing.T) {
	t.Parallel()
	const (
		password = `<a id="password" class="button second" href="/password">Change your password</a>`
		change   = `<input type="hidden" name="to" value="password">`
		cancel   = `Cancel sign-in`
		back     = `<a id="back" href="/account">Back to Acme</a>`
	)
	for _, c := range []struct {
		name     string
		message  templates.Message
		has, not []string
	}{
		{"rejected", templates.Message{Kind: templates.MessageRejected, Next: "/login"}, []string{password, helpLink, back}, []string{change, cancel}},
		{"held", templates.Message{Kind: templates.MessageHeld}, []string{change, helpLink, cancel}, []string{password, back}},
		{"held, signed in", templates.Message{Kind: templates.MessageHeld, SignedIn: true}, []string{change, helpLink, back}, []string{password, cancel}},
		{"made too often", templates.Message{Kind: templates.MessageMadeOften}, []string{helpLink}, []string{password, change}},
		{"a form before the proof", templates.Message{Kind: templates.MessageFormLocked}, []string{`href="/2fa/challenge"`, cancel}, []string{helpLink, back}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.message.Page = withEverything(templates.English)
			checkText(t, render(t, newPages(t), c.message), c.has, c.not)
			c.message.Page = plainPage(templates.English)
			checkText(t, render(t, newPages(t), c.message), nil, []string{password, change, helpLink})
		})
	}
	for help, want := range map[string]string{"mailto:help@acme.example": "mailto:help@acme.example", "/help": "/help", "javascript:alert(1)": "#ZgotmplZ"} {
		page := withEverything(templates.English)
		page.HelpURL = help
		if html := render(t, newPages(t), templates.Message{Page: page, Kind: templates.MessageHeld}); !strings.Contains(html, `<a id="help" href="`+want+`"`) {
			t.Errorf("help at %s: got no link to %s", help, want)
		}
	}
}

// challenges are challenge pages in every state, with everything that can be on them.
func challenges(page templates.Page) map[string]templates.Challenge {
	all := make(map[string]templates.Challenge)
	add := func(name string, c templates.Challenge) {
		for bits := range 1 << 5 {
			c := c
			c.Page, c.Number, c.ExpiresIn, c.Next, c.PushRetryIn = page, "70", time.Minute, "/next", time.Minute
			c.HasRecovery, c.CodesBlocked, c.RecoveryBlocked = bits&1 > 0, bits&2 > 0, bits&4 > 0
			c.StepUp, c.NoCode = bits&8 > 0, bits&16 > 0
			if c.NoCode && !c.StepUp || c.RecoveryBlocked && !c.HasRecovery || c.Push == templates.PushRefused && !c.StepUp {
				continue
			}
			if !c.StepUp {
				c.TrustFor = 30 * 24 * time.Hour
			}
			all[fmt.Sprintf("%s, recovery=%v blocked=%v recovery blocked=%v step-up=%v no code=%v",
				name, c.HasRecovery, c.CodesBlocked, c.RecoveryBlocked, c.StepUp, c.NoCode)] = c
		}
	}
	for state := templates.ChallengeNone; state <= templates.ChallengeElsewhere; state++ {
		for push := templates.PushReady; push <= templates.PushRefused; push++ {
			add(fmt.Sprintf("%v, push %d", state, push), templates.Challenge{State: state, Push: push})
		}
	}
	for back := templates.ReturnNone; back <= templates.ReturnUnclear; back++ {
		for name, hosted := range map[string]*templates.Hosted{"soon": {}, "redirect": {URL: webview}} {
			for _, push := range []templates.Push{templates.PushReady, templates.PushLimited} {
				add(fmt.Sprintf("%s, back %v, push %d", name, back, push), templates.Challenge{State: templates.ChallengePending, Hosted: hosted, Return: back, Push: push})
			}
		}
	}
	return all
}

var proveForm = regexp.MustCompile(`(?s)<form id="prove".*?</form>`)

// Whatever has become of a challenge, one thing stands out on its page, and there is a
// way out. What can be typed is in one form, with the one box for trusting the browser,
// and Enter sends it as the button of its first field does.
func TestChallengesLeadOn(t *testing.T)         { challengesLeadOn(t) }
func TestThoroughChallengesLeadOn(t *testing.T) { challengesLeadOn(t) }

func challengesLeadOn(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, page := range []templates.Page{plainPage(templates.English), withEverything(templates.English)} {
		for name, c := range challenges(page) {
			if !inSample(t, name) || page.HelpURL == "" && !c.CodesBlocked && !c.NoCode {
				continue // in the latter case, help would make no difference
			}
			html := body(render(t, p, c))
			if strings.Count(html, "autofocus") > 1 {
				t.Errorf("%s: more than one element has the focus", name)
			}
			list := primaries(html)
			waits := c.State == templates.ChallengePending && (c.Return <= templates.ReturnDone || c.Hosted != nil && c.Hosted.URL == "")
			if len(list) != 1 && !(waits && len(list) == 0) {
				t.Errorf("%s: got %d primary buttons %q, want 1", name, len(list), list)
			}
			if !wayOut.MatchString(html) {
				t.Errorf("%s: got no way out", name)
			}
			if title := heading.FindStringSubmatch(html); title == nil || title[1] == "" {
				t.Errorf("%s: got no title", name)
			}
			if c.State != templates.ChallengeApproved && strings.Contains(html, helpLink) != (page.HelpURL != "") && !strings.Contains(html, `<a id="help" class="button"`) {
				t.Errorf("%s: got no help, or one that isn't there", name)
			}
			form := asleep.ReplaceAllString(proveForm.FindString(html), "")
			boxes := strings.Count(html, `name="trust"`)
			if boxes != strings.Count(form, `name="trust"`) || boxes > 1 || boxes == 0 && c.State == templates.ChallengePending && c.Return <= templates.ReturnDone && !c.StepUp {
				t.Errorf("%s: got %d boxes for trusting the browser, want one in the form", name, boxes)
			}
			expect.Equal(t, strings.Count(html, `<input id="`), strings.Count(form, `<input id="`), "%s, a field outside of the form", name)
			if strings.Contains(form, `id="code"`) {
				if _, after, _ := strings.Cut(form, "<button"); strings.Contains(after[:strings.Index(after, ">")], "formaction") || strings.Contains(after, `id="code"`) {
					t.Errorf("%s: the form's first button isn't that of the code", name)
				}
			}
		}
	}
}

// What a page is about can be told by its title.
func TestTitlesOfChallenges(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	blocked := templates.CodeForm{Error: templates.CodeBlocked}
	seen := make(map[string]string)
	for name, c := range map[string]templates.Challenge{
		"pending":          {State: templates.ChallengePending},
		"nothing sent":     {},
		"codes only":       {Push: templates.PushUnavailable},
		"approved":         {State: templates.ChallengeApproved},
		"moved":            {State: templates.ChallengeApproved, Moved: true},
		"not approved":     {State: templates.ChallengeNotApproved},
		"rejected":         {State: templates.ChallengeRejected},
		"expired":          {State: templates.ChallengeExpired},
		"elsewhere":        {State: templates.ChallengeElsewhere},
		"blocked":          {Code: blocked},
		"recovery blocked": {Code: templates.CodeForm{Error: templates.CodeBlocked, ByRecovery: true}, HasRecovery: true},
		"back, done":       {State: templates.ChallengePending, Hosted: &templates.Hosted{URL: webview}, Return: templates.ReturnDone},
		"back, rejected":   {State: templates.ChallengePending, Hosted: &templates.Hosted{URL: webview}, Return: templates.ReturnRejected},
		"back, timeout":    {State: templates.ChallengePending, Hosted: &templates.Hosted{URL: webview}, Return: templates.ReturnTimeout},
		"back, fault":      {State: templates.ChallengePending, Hosted: &templates.Hosted{URL: webview}, Return: templates.ReturnFault},
		"back, unclear":    {State: templates.ChallengePending, Hosted: &templates.Hosted{URL: webview}, Return: templates.ReturnUnclear},
	} {
		c.Page = plainPage(templates.English)
		title := heading.FindStringSubmatch(render(t, p, c))[1]
		if other, ok := seen[title]; ok {
			t.Errorf("%s and %s: both have the title %q", name, other, title)
		}
		seen[title] = name
	}
	for _, c := range []struct {
		challenge templates.Challenge
		want      string
	}{
		{templates.Challenge{CodesBlocked: true, HasRecovery: true}, "A tap on your phone still works, and so does a recovery code."},
		{templates.Challenge{CodesBlocked: true}, "A tap on your phone still works.<"},
		{templates.Challenge{CodesBlocked: true, HasRecovery: true, Push: templates.PushLimited}, "A recovery code still works."},
		{templates.Challenge{CodesBlocked: true, Push: templates.PushLimited}, "Ask Acme for help."},
		{templates.Challenge{CodesBlocked: true, RecoveryBlocked: true, HasRecovery: true}, "A tap on your phone still works.<"},
		{templates.Challenge{RecoveryBlocked: true, HasRecovery: true}, "A tap on your phone still works, and so does a code from the app."},
		{templates.Challenge{RecoveryBlocked: true, HasRecovery: true, Push: templates.PushLimited}, "A code from the app still works."},
		{templates.Challenge{RecoveryBlocked: true, HasRecovery: true, CodesBlocked: true, Push: templates.PushLimited}, "so no more are accepted. Ask Acme for help."},
	} {
		c.challenge.Page = plainPage(templates.English)
		checkText(t, render(t, p, c.challenge), []string{c.want}, nil)
	}
}
