package templates_test

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// TestHostileNamesAreEscaped is about e-mail addresses, issuers and paths that
// carry markup, format characters, or this package's own placeholders.
func TestHostileNamesAreEscaped(t *testing.T) {
	names := []string{
		`: ? & % + # " < >`,
		`"><script>alert(1)</script>`,
		`' onmouseover='alert(1)`,
		`</title><img src=x onerror=alert(1)>`,
		`</style><script>alert(1)</script>`,
		`{email}{issuer}{title}{digits}`,
		`{{.Nonce}}`,
		"ผู้ใช้@ตัวอย่าง.ไทย",
		"alice\u202emoc.elpmaxe@",
		"a\x00b\nc",
		"&amp;&lt;",
	}
	p := newPages(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			page := plainPage(templates.English)
			page.Issuer, page.Email, page.HomePath = name, name, "/"+name
			plain := some(t, plainPage(templates.English))
			for view, hostile := range some(t, page) {
				got, want := render(t, p, hostile), render(t, p, plain[view])
				if g, w := skeleton(got), skeleton(want); g != w {
					t.Fatalf("view %d: %q changes the markup to\n%s\nwant\n%s", view, name, g, w)
				}
				shown := strings.ReplaceAll(name, "\x00", "\ufffd")
				expect.Contains(t, html.UnescapeString(got), shown, "view %d: %q isn't shown", view, name)
				if strings.Contains(name, "\u202e") && strings.Count(got, "\u202e") > strings.Count(got, "\u2068")+strings.Count(got, "<bdi>")+strings.Count(got, "%e2%80%ae") {
					t.Errorf("view %d: a change of direction isn't isolated", view)
				}
			}
		})
	}
}

// some returns each page with everything on it that can be.
func some(t *testing.T, page templates.Page) []templates.View {
	t.Helper()
	now := time.Now()
	return []templates.View{
		templates.Challenge{Page: page, State: templates.ChallengePending, Code: templates.CodeForm{Error: templates.CodeWrong}},
		templates.Challenge{Page: page, State: templates.ChallengePending, Hosted: &templates.Hosted{URL: webview, Popup: &templates.Popup{URL: webview}}, Return: templates.ReturnFault},
		templates.Challenge{Page: page, Push: templates.PushPaused, Code: templates.CodeForm{Error: templates.CodeBlocked}},
		templates.Security{Page: page, State: templates.FactorOn, Since: now, LateSince: now},
		templates.Enable{Page: page, Key: parseKey(t, keyURI), Code: templates.CodeForm{Error: templates.CodeBlocked}},
		templates.Message{Page: page, Kind: templates.MessageEnabled},
	}
}

// skeleton returns the names of a page's elements and attributes, in order.
func skeleton(page string) string {
	var b strings.Builder
	for _, m := range element.FindAllStringSubmatch(withoutInline(page), -1) {
		b.WriteString(m[1])
		for _, attr := range attribute.FindAllStringSubmatch(m[2], -1) {
			b.WriteString(" " + attr[1])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestPathsToScriptsAreNotFollowed(t *testing.T) {
	page := plainPage(templates.English)
	page.HomePath = "javascript:alert(1)"
	p := newPages(t)
	for _, view := range some(t, page) {
		expect.Lacks(t, render(t, p, view), "javascript:", "%T follows a script", view)
	}
}

func FuzzNames(f *testing.F) {
	p := newPages(f)
	f.Add("Acme", "alice@example.com")
	f.Add(`"><script>`, "\u202e{issuer}")
	f.Fuzz(func(t *testing.T, issuer, email string) {
		want := skeleton(render(t, p, templates.Challenge{Page: plainPage(templates.English)}))
		page := plainPage(templates.English)
		page.Issuer, page.Email = issuer, "x"+email
		expect.Equal(t, skeleton(render(t, p, templates.Challenge{Page: page})), want, "markup")
	})
}
