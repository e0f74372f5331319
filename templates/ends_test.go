package templates_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/eagate/eagate/templates"
)

var (
	asleep   = regexp.MustCompile(`(?s)<(template|noscript)\b.*?</(?:template|noscript)>`) // not on the page that most see
	button   = regexp.MustCompile(`<button\b[^>]*\btype="submit"[^>]*>|<a\b[^>]*\bclass="button[^>]*>`)
	lesser   = regexp.MustCompile(`class="[^"]*\b(second|quiet|danger)\b`)
	heading  = regexp.MustCompile(`<h1>(.*)</h1>`)
	wayOut   = regexp.MustCompile(`action="/2fa/cancel"|href="(/account|/login)"`)
	helpLink = `<a id="help" href="https://help.example/2fa">Ask Acme for help</a>`
)

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
func withEverything() templates.Page {
	page := plainPage(templates.English)
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
		for _, page := range []templates.Page{plainPage(templates.English), withEverything()} {
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
			c.message.Page = withEverything()
			checkText(t, render(t, newPages(t), c.message), c.has, c.not)
			c.message.Page = plainPage(templates.English)
			checkText(t, render(t, newPages(t), c.message), nil, []string{password, change, helpLink})
		})
	}
	for help, want := range map[string]string{"mailto:help@acme.example": "mailto:help@acme.example", "/help": "/help", "javascript:alert(1)": "#ZgotmplZ"} {
		page := withEverything()
		page.HelpURL = help
		if html := render(t, newPages(t), templates.Message{Page: page, Kind: templates.MessageHeld}); !strings.Contains(html, `<a id="help" href="`+want+`"`) {
			t.Errorf("help at %s: got no link to %s", help, want)
		}
	}
}
