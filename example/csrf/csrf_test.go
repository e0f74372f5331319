package csrf_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/example/csrf"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

const (
	alice = "alice@example.com"

	// Instead of a status: any that does or doesn't refuse.
	taken   = 2
	refused = 4
)

var checks = []struct {
	name   string
	around func(http.Handler) http.Handler
	fields func(*http.Request) []middleware.FormField // nil: forms need none
}{
	{"nosurf", csrf.Nosurf, csrf.NosurfFields},
	{"gorilla", func(h http.Handler) http.Handler { return csrf.Gorilla(apptest.Key, h) }, csrf.GorillaFields},
	{"filippo", csrf.Filippo, nil},
	{"net/http", csrf.CrossOrigin, nil},
}

// The whole flow, with the check around the gate.
func TestFlow(t *testing.T) {
	t.Parallel()
	testFlow(t, []bool{false}, []bool{false})
}

// The same with the check around the application only, too, and in an older browser.
func TestThoroughFlow(t *testing.T) {
	t.Parallel()
	testFlow(t, []bool{false, true}, []bool{false, true})
}

func testFlow(t *testing.T, insides, olders []bool) {
	for _, check := range checks {
		for _, inside := range insides {
			for _, older := range olders {
				t.Run(fmt.Sprintf("%s, inside=%v, older=%v", check.name, inside, older), func(t *testing.T) {
					t.Parallel()
					var handler http.Handler
					setup := apptest.Setup{
						Routes: func(_ *apptest.App, mux *http.ServeMux) {
							mux.HandleFunc("GET /open/form", func(w http.ResponseWriter, r *http.Request) { // the application's own
								fmt.Fprint(w, `<form method="post" action="/login">`)
								if check.fields != nil {
									f := check.fields(r)[0]
									fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, f.Name, html.EscapeString(f.Value))
								}
								fmt.Fprint(w, `</form>`)
							})
						},
						Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
							if inside {
								handler = app.Sessions.LoadAndSave(app.Gate.Handler(check.around(mux)))
							} else {
								handler = check.around(app.Sessions.LoadAndSave(app.Gate.Handler(mux)))
							}
							return handler
						},
					}
					if check.fields != nil {
						setup.Options = []middleware.Option{middleware.WithFormFields(check.fields)}
					}
					app := apptest.New(t, setup)
					server := httptest.NewTLSServer(handler)
					t.Cleanup(server.Close)
					flow(t, app, func() *browser { return newBrowser(t, server, older) }, check.fields != nil && !inside)
				})
			}
		}
	}
}

// flow enrols, signs in by a code and on the phone, cancels, and switches off. needsField
// says that the gate's forms are refused without the application's field.
func flow(t *testing.T, app *apptest.App, browser func() *browser, needsField bool) {
	b := browser()
	b.login()
	b.send("/2fa/", "/2fa/enable", taken)
	phone := app.Emulator.Phone(alice)
	expect.NoError(t, phone.AddAccount(html.UnescapeString(b.find("/2fa/enable", `href="(otpauth://[^"]*)"`))))
	b.send("/2fa/enable", "/2fa/enable/confirm", taken, "code", apptest.Code(t, phone))
	app.Clock.Add(apptest.Step)

	b = browser()
	b.login()
	b.wantLocked()
	if needsField {
		b.bare = true
		b.send("/2fa/challenge", "/2fa/challenge/totp", refused, "code", apptest.Code(t, phone))
		b.bare = false
	}
	b.site, b.bare = "cross-site", true // another site can't read the fields
	b.send("/2fa/challenge", "/2fa/challenge/totp", refused, "code", apptest.Code(t, phone))
	b.site, b.bare = "", false
	b.wantLocked()
	b.send("/2fa/challenge", "/2fa/challenge/totp", 422, "code", app.WrongCode(t, phone))
	b.send("/2fa/challenge", "/2fa/challenge/totp", 303, "code", apptest.Code(t, phone))
	b.wantIn()
	app.Clock.Add(apptest.Step)

	b = browser()
	b.login()
	b.wantLocked()
	b.send("/2fa/challenge", "/2fa/cancel", 303)
	expect.Equal(t, b.get("/2fa/challenge").status, 401, "the challenge, after the sign-in was cancelled")

	for _, how := range []emulator.Encoding{emulator.Form, emulator.JSON, emulator.Query} {
		app.Emulator.SetDelivery(emulator.Delivery{Encoding: how})
		b = browser()
		b.login()
		b.wantLocked()
		b.get("/2fa/challenge")
		apptest.Approve(t, phone)
		b.wantIn()
	}
	b.send("/2fa/", "/2fa/disable", taken)
	b = browser()
	b.login()
	b.wantIn()
}

// A browser keeps cookies, sends forms with their hidden fields, and says where they
// come from: an older one by the origin only.
type browser struct {
	t     *testing.T
	url   string
	c     *http.Client
	older bool

	bare bool   // whether it sends no hidden fields
	site string // where its forms are; empty is the application's own pages
}

type answer struct {
	status int
	body   string
}

func newBrowser(t *testing.T, server *httptest.Server, older bool) *browser {
	jar := expect.Try(cookiejar.New(nil)).OrFail(t)
	return &browser{t: t, url: server.URL, older: older, c: &http.Client{
		Transport: server.Client().Transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b *browser) do(method, path string, form url.Values, head map[string]string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(form.Encode()))
	expect.NoError(b.t, err)
	req.Header.Set("Accept", "text/html")
	for name, value := range head {
		req.Header.Set(name, value)
	}
	res := expect.Try(b.c.Do(req)).OrFail(b.t)
	defer res.Body.Close()
	body := expect.Try(io.ReadAll(res.Body)).OrFail(b.t)
	return answer{res.StatusCode, string(body)}
}

func (b *browser) get(path string) answer { return b.do("GET", path, nil, nil) }

// find returns what is found on a page.
func (b *browser) find(path, pattern string) string {
	b.t.Helper()
	a := b.get(path)
	m := regexp.MustCompile(pattern).FindStringSubmatch(a.body)
	if m == nil {
		b.t.Fatalf("%s: got %d and no %s in\n%s", path, a.status, pattern, a.body)
	}
	return m[1]
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// send sends a form that is on the page, and leads to that action.
func (b *browser) send(page, action string, want int, fields ...string) {
	b.t.Helper()
	form := url.Values{}
	inner := b.find(page, `(?s)<form [^>]*\bmethod="post" action="`+regexp.QuoteMeta(action)+`"[^>]*>(.*?)</form>`)
	for _, m := range hidden.FindAllStringSubmatch(inner, -1) {
		if !b.bare {
			form.Add(m[1], html.UnescapeString(m[2]))
		}
	}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	head := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": b.url, "Referer": b.url + page}
	if b.site != "" {
		head["Origin"], head["Referer"] = "https://evil.example", "https://evil.example/"
	}
	if !b.older {
		head["Sec-Fetch-Mode"], head["Sec-Fetch-Dest"], head["Sec-Fetch-Site"] = "navigate", "document", "same-origin"
		if b.site != "" {
			head["Sec-Fetch-Site"] = b.site
		}
	}
	a := b.do("POST", action, form, head)
	if want == refused && (a.status == 400 || a.status == 403) || want == taken && a.status < 400 {
		return
	}
	expect.Equal(b.t, a.status, want, action)
}

func (b *browser) login() {
	b.t.Helper()
	b.send("/open/form", "/login", 200, "email", alice)
}

func (b *browser) wantLocked() {
	b.t.Helper()
	expect.Equal(b.t, b.get("/account").status, 303, "the guarded page")
}

func (b *browser) wantIn() {
	b.t.Helper()
	b.get("/2fa/challenge")
	if a := b.get("/account"); a.status != 200 || !strings.Contains(a.body, apptest.Secret) {
		b.t.Errorf("the guarded page: got %d, want 200", a.status)
	}
}
