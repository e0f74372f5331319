package templates_test

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

const keyURI = "otpauth://totp/Acme:alice%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" +
	"&issuer=Acme&algorithm=SHA1&digits=6" +
	"&client_id=3f0f0a9a-6a1f-4d6e-9a55-0d4a3d4b7c11&email=alice%40example.com"

// webview is an address of the service's own page.
const webview = "https://identifier.example/start?redirect_uri=https%3A%2F%2Fapp.example&session_token=TOKEN"

func newPages(t testing.TB, opts ...templates.Option) *templates.Pages {
	t.Helper()
	p := expect.Try(templates.New(opts...)).OrFail(t)
	return p
}

func parseKey(t testing.TB, uri string) templates.KeyURI {
	t.Helper()
	key := expect.Try(templates.ParseKeyURI(uri)).OrFail(t)
	return key
}

func render(t testing.TB, p *templates.Pages, v templates.View) string {
	t.Helper()
	var b bytes.Buffer
	expect.NoError(t, p.Render(&b, v))
	return b.String()
}

// every returns each page in each state that it can be in.
func every(t testing.TB, page templates.Page) map[string]templates.View {
	t.Helper()
	at := time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC)
	views := make(map[string]templates.View)
	codes := []templates.CodeForm{
		{}, {Digits: 8}, {Error: templates.CodeMalformed}, {Error: templates.CodeWrong}, {Error: templates.CodeUsed},
		{Error: templates.CodeLocked, RetryIn: 90 * time.Second}, {Error: templates.CodeBlocked},
		{Error: templates.CodeWrong, CheckClock: true}, {Error: templates.CodeBlocked, CheckClock: true},
		{Error: templates.CodeWrong, ByRecovery: true, Typed: "ABCD-EFGH-JKMN-PQRS"}, {Error: templates.CodeBlocked, ByRecovery: true},
		{Error: templates.CodeMalformed, ByRecovery: true, Typed: "ABCD"},
	}
	for i, code := range codes {
		for state := templates.ChallengeNone; state <= templates.ChallengeElsewhere; state++ {
			for push := templates.PushReady; push <= templates.PushLimited; push++ {
				views[fmt.Sprintf("challenge %v push %d code %d", state, push, i)] = templates.Challenge{
					Page: page, State: state, Number: "70", ExpiresIn: 245 * time.Second, Next: "/account",
					Push: push, PushRetryIn: time.Minute, PreferCode: i == 1, Code: code,
					HasRecovery: i%2 == 0, TrustFor: time.Duration(i%2) * 30 * 24 * time.Hour,
				}
			}
			for push := templates.PushReady; push <= templates.PushRefused; push++ {
				views[fmt.Sprintf("step-up %v push %d code %d", state, push, i)] = templates.Challenge{
					Page: page, State: state, Number: "70", ExpiresIn: 245 * time.Second, Next: "/account",
					Push: push, PushRetryIn: time.Minute, Code: code, StepUp: true, NoCode: i%2 == 0, Resend: i < 2,
					HasRecovery: i%3 == 0,
				}
			}
		}
		for back := templates.ReturnNone; back <= templates.ReturnUnclear; back++ {
			for push := templates.PushReady; push <= templates.PushLimited; push++ {
				for kind, hosted := range map[string]*templates.Hosted{
					"soon": {}, "redirect": {URL: webview}, "popup": {URL: webview, Popup: &templates.Popup{URL: webview, Origin: "https://identifier.example", State: "STATE"}},
				} {
					views[fmt.Sprintf("challenge %s return %v push %d code %d", kind, back, push, i)] = templates.Challenge{
						Page: page, State: templates.ChallengePending, Hosted: hosted, Return: back, ExpiresIn: 245 * time.Second,
						Push: push, PushRetryIn: time.Minute, PreferCode: i == 1, Code: code,
					}
				}
			}
		}
		for state := templates.FactorOff; state <= templates.FactorOn; state++ {
			views[fmt.Sprintf("security %v code %d", state, i)] = templates.Security{
				Page: page, State: state, Since: at, LateSince: at, NeedsCode: i > 0, Code: code,
			}
			for push := templates.PushReady; push <= templates.PushRefused; push++ {
				views[fmt.Sprintf("security %v push %d code %d", state, push, i)] = templates.Security{
					Page: page, State: state, Since: at, Push: push, NeedsCode: i > 0, Code: code,
				}
			}
			views[fmt.Sprintf("security required %v code %d", state, i)] = templates.Security{
				Page: page, State: state, Since: at, Required: true, Due: at, NeedsCode: i > 0, Code: code,
			}
		}
		views[fmt.Sprintf("enable code %d", i)] = templates.Enable{
			Page: page, Key: parseKey(t, keyURI), Replaces: i == 0, CodesOnly: i == 1, Code: code,
		}
		views[fmt.Sprintf("recovery code %d", i)] = templates.Recovery{Page: page, Left: i, NeedsCode: i%2 == 0, Code: code}
	}
	made := []string{"0123-4567-89AB-CDEF", "GHJK-MNPQ-RSTV-WXYZ"}
	views["recovery codes"] = templates.Recovery{Page: page, Codes: made, Left: len(made)}
	views["recovery codes, enabled"] = templates.Recovery{Page: page, Codes: made, Left: len(made), Enabled: true, Set: "set"}
	views["recovery codes, enabled for codes"] = templates.Recovery{Page: page, Codes: made, Left: len(made), Enabled: true, CodesOnly: true}
	for state := templates.RecoveryPlain; state <= templates.RecoveryKept; state++ {
		views[fmt.Sprintf("recovery state %d", state)] = templates.Recovery{Page: page, Left: 10, State: state, Attempt: "A"}
	}
	views["security unkept"] = templates.Security{Page: page, State: templates.FactorOn, RecoveryLeft: 10, RecoveryUnkept: true}
	views["devices"] = templates.Devices{Page: page, CanTrust: true}
	views["devices, two"] = templates.Devices{Page: page, List: []templates.Device{
		{ID: "a", Name: "Firefox", LastUsedAt: at, ExpiresAt: at}, {ID: "b", This: true, LastUsedAt: at, ExpiresAt: at},
	}}
	views["required"] = templates.Required{Page: page}
	views["required later"] = templates.Required{Page: page, Due: at}
	for kind := templates.MessageUnavailable; kind <= templates.MessageFormUnavailable; kind++ {
		views["message "+kind.String()] = templates.Message{Page: page, Kind: kind}
		views["message later "+kind.String()] = templates.Message{Page: page, Kind: kind, RetryIn: time.Second}
	}
	return views
}

func plainPage(lang templates.Language) templates.Page {
	return templates.Page{
		Lang: lang, Nonce: "NONCE", Base: "/2fa", Issuer: "Acme", Email: "alice@example.com",
		HomePath: "/account",
	}
}

// inSample reports whether a test looks at the view of that name: a thorough one at all,
// and any other at one in eight of those that are about a code.
func inSample(t *testing.T, name string) bool {
	if strings.HasPrefix(t.Name(), "TestThorough") || !strings.Contains(name, "code") {
		return true
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, name)
	return h.Sum32()%8 == 0
}

func TestEveryPageIsWellFormed(t *testing.T)         { everyPageIsWellFormed(t) }
func TestThoroughEveryPageIsWellFormed(t *testing.T) { everyPageIsWellFormed(t) }

func everyPageIsWellFormed(t *testing.T) {
	p := newPages(t)
	for _, lang := range []templates.Language{templates.English, templates.Thai} {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			checked := make(map[string]bool) // many views look the same
			for name, view := range every(t, withEverything(lang)) {
				if !inSample(t, name) {
					continue
				}
				if page := render(t, p, view); !checked[page] {
					checked[page] = true
					checkPage(t, name, page, lang)
				}
			}
		})
	}
}

var (
	element   = regexp.MustCompile(`<([a-z0-9]+)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*/?>`)
	attribute = regexp.MustCompile(`([a-z-]+)(?:="[^"]*")?`)
	id        = regexp.MustCompile(`\sid="([^"]*)"`)
	refers    = regexp.MustCompile(`\s(?:for|aria-labelledby|aria-describedby)="([^"]*)"`)
	tag       = regexp.MustCompile(`</?([a-z0-9]+)[^>]*>`)
	handler   = regexp.MustCompile(`\s(?:on[a-z]+|style|src)="`)
	remote    = regexp.MustCompile(`(?:href|action|src)="(?:[a-z]+:|//)[^"]*"`)
)

// checkPage checks what holds of every page, whatever it shows.
func checkPage(t *testing.T, name, page string, lang templates.Language) {
	t.Helper()
	for _, part := range []struct {
		text string
		n    int
	}{
		{`<html lang="` + string(lang) + `"`, 1}, {"<h1>", 1}, {"<main ", 1}, {"<title>", 1}, {"ZgotmplZ", 0}, {"%!", 0}, {"<no value>", 0}, {"{{", 0},
	} {
		if n := strings.Count(page, part.text); n != part.n {
			t.Errorf("%s: %q occurs %d times, want %d", name, part.text, n, part.n)
		}
	}
	for _, inline := range []string{"style", "script"} {
		if n := strings.Count(page, "<"+inline); n == 0 || n != strings.Count(page, "<"+inline+` nonce="NONCE">`) {
			t.Errorf("%s: %d of %s, or one without nonce", name, n, inline)
		}
	}
	if !wayOut.MatchString(body(page)) {
		t.Errorf("%s: there is no way out", name)
	}
	if strings.Contains(page, "Ask Acme for help.") && !strings.Contains(page, helpLink) && !strings.Contains(page, `<a id="help" class="button"`) {
		t.Errorf("%s: says to ask for help, and not where", name)
	}
	if strings.Count(page, "autofocus") > 1 {
		t.Errorf("%s: more than one element has the focus", name)
	}
	markup := withoutInline(page)
	expect.Equal(t, handler.FindString(markup), "", "%s: the policy forbids", name)
	meant := []string{`href="https://help.example/2fa"`, `href="otpauth://totp/`, `href="https://identifier.example/start?`, `href="data:text/plain;charset=utf-8,`}
	for _, found := range remote.FindAllString(markup, -1) {
		if !slices.ContainsFunc(meant, func(prefix string) bool { return strings.HasPrefix(found, prefix) }) {
			t.Errorf("%s: %q leads elsewhere", name, found)
		}
	}
	ids := make(map[string]bool)
	for _, m := range id.FindAllStringSubmatch(markup, -1) {
		if ids[m[1]] {
			t.Errorf("%s: id %q occurs twice", name, m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range refers.FindAllStringSubmatch(markup, -1) {
		for target := range strings.FieldsSeq(m[1]) {
			if !ids[target] {
				t.Errorf("%s: nothing has the id %q", name, target)
			}
		}
	}
	expect.Equal(t, unfilled.FindString(strip(markup)), "", "%s: placeholder is left", name)
	expect.Equal(t, unbalanced(markup), "", name)
}

// withoutInline empties the style sheet and the scripts of a page.
func withoutInline(page string) string {
	var b strings.Builder
	for _, name := range []string{"style", "script"} {
		begin, end := "<"+name+` nonce="NONCE">`, "</"+name+">"
		for {
			before, rest, found := strings.Cut(page, begin)
			b.WriteString(before)
			if !found {
				break
			}
			_, page, _ = strings.Cut(rest, end)
			b.WriteString(begin + end)
		}
		page = b.String()
		b.Reset()
	}
	return page
}

var unfilled = regexp.MustCompile(`\{[a-z]+\}`)

// strip returns the text of a page without its elements.
func strip(markup string) string { return element.ReplaceAllString(markup, "") }

// unbalanced returns what is wrong with the nesting of the elements.
func unbalanced(markup string) string {
	void := map[string]bool{"meta": true, "input": true, "br": true, "path": true}
	var open []string
	for _, m := range tag.FindAllStringSubmatch(markup, -1) {
		switch name := m[1]; {
		case void[name]:
		case !strings.HasPrefix(m[0], "</"):
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return fmt.Sprintf("</%s> closes %v", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Sprintf("%v stays open", open)
	}
	return ""
}

func TestRenderReportsAMissingView(t *testing.T) {
	if err := newPages(t).Render(io.Discard, nil); err == nil {
		t.Error("got no error")
	}
}

func TestRenderReportsAFailedWriter(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	if err := newPages(t).Render(w, templates.Message{}); err == nil {
		t.Error("got no error")
	}
}

func TestRenderIsSafeForConcurrentUse(t *testing.T) {
	p := newPages(t)
	views := []templates.View{
		templates.Challenge{Page: plainPage(templates.English), State: templates.ChallengePending},
		templates.Security{Page: plainPage(templates.Thai)},
		templates.Enable{Page: plainPage(templates.English), Key: parseKey(t, keyURI)},
		templates.Message{Page: plainPage(templates.Thai)},
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if err := p.Render(io.Discard, views[i%len(views)]); err != nil {
				t.Error(err)
			}
			p.Match("th-TH,th;q=0.9,en;q=0.8")
		})
	}
	wg.Wait()
}

func TestContentSecurityPolicy(t *testing.T) {
	const want = "default-src 'none'; style-src 'nonce-R4ND0M'; script-src 'nonce-R4ND0M'; connect-src 'self'; " +
		"img-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	expect.Equal(t, newPages(t).ContentSecurityPolicy("R4ND0M"), want)
	if got := newPages(t).ContentSecurityPolicy("R4ND0M", "https://a.example", "http://b.example:81"); !strings.Contains(got, "; form-action 'self' https://a.example http://b.example:81; ") {
		t.Errorf("got %s, want the targets of forms in it", got)
	}
}
