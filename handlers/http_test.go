package handlers_test

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/middleware"
)

// changing returns the routes that change something, and whether a page of that
// address can be got: all that the router has for POST, but for the service's callback,
// which another site may send, and which its secret guards.
func changing(t *testing.T) map[string]bool {
	t.Helper()
	rules := expect.Try(factor.New(factor.Config{DeviceLifetime: time.Hour, Now: time.Now})).OrFail(t)
	pages, routes := make(map[string]bool), make(map[string]bool)
	for route := range handlers.New(handlers.Config{Rules: rules}).Routes() {
		if method, path, _ := strings.Cut(route, " "); method == http.MethodGet {
			pages["/2fa"+path] = true
		} else if method == http.MethodPost {
			routes["/2fa"+path] = true
		}
	}
	delete(routes, "/2fa/callback/{secret}")
	for path := range routes {
		routes[path] = pages[path]
	}
	if len(routes) < 10 {
		t.Fatalf("got routes %v, want more", routes)
	}
	return routes
}

// everyRoute is a setup in which there is every route.
var everyRoute = apptest.Setup{Options: []middleware.Option{middleware.WithTrustedDevices(time.Hour)}}

func TestA30_CrossSitePosts(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, everyRoute)
	w := wait(t, app, alice) // locked
	unlocked := app.Browser(t).Login(bob)
	unlocked.Enrol(bob)
	bobs := app.Emulator.Phone(bob)
	spy := app.Spy(t)
	for name, head := range map[string][]string{
		"cross-site":                 {"Sec-Fetch-Site", "cross-site"},
		"cross-site, origin of ours": {"Sec-Fetch-Site", "cross-site", "Origin", app.URL},
		"same-site":                  {"Sec-Fetch-Site", "same-site"},
		"unknown relation":           {"Sec-Fetch-Site", "friendly"},
		"by origin":                  {"Origin", "https://evil.example"},
		"by opaque origin":           {"Origin", "null"},
		"by origin, other port":      {"Origin", "http://127.0.0.1:1"},
		"by origin, other suffix":    {"Origin", app.URL + ".evil.example"},
	} {
		for path := range changing(t) {
			for who, b := range map[string]*apptest.Browser{"locked": w.Browser, "unlocked": unlocked} {
				phone := map[string]*emulator.Phone{"locked": w.phone, "unlocked": bobs}[who]
				code := apptest.Code(t, phone)
				for _, accept := range []string{"text/html", js} {
					a := b.Do("POST", path, "code="+code, append(head, "Accept", accept, "Content-Type", form)...)
					if a.Status != 403 || accept == js && a.JSON("type") != "urn:eagate:problem:cross-site" {
						t.Errorf("%s, %s to %s: got %d %.100s, want 403", name, who, path, a.Status, a.Body)
					}
				}
			}
		}
	}
	expect.Equal(t, spy.Changes(), 0, "changes")
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to phones (the one of the beginning)")
	w.WantLocked("after the posts")
	unlocked.WantIn("after the posts")
	// From our own pages it works.
	a := w.Do("POST", "/2fa/challenge/totp", "code="+apptest.Code(t, w.phone),
		"Content-Type", form, "Origin", app.URL, "Sec-Fetch-Site", "same-origin")
	a.Want(t, 303, "same origin")
}

func TestA30_ChangesByOtherMethods(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, everyRoute)
	w := wait(t, app, alice)
	unlocked := app.Browser(t).Login(bob)
	unlocked.Enrol(bob)
	bobs := app.Emulator.Phone(bob)
	spy := app.Spy(t)
	for path, page := range changing(t) {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post"} {
			for who, b := range map[string]*apptest.Browser{"locked": w.Browser, "unlocked": unlocked} {
				phone := map[string]*emulator.Phone{"locked": w.phone, "unlocked": bobs}[who]
				fields := "code=" + apptest.Code(t, phone)
				for _, override := range []string{"X-HTTP-Method-Override", "X-Unused"} {
					a := b.Do(method, path+"?_method=POST&"+fields, fields, "Content-Type", form, override, "POST")
					if method == "GET" && page {
						continue
					}
					allow := map[bool]string{true: "GET, POST", false: "POST"}[page]
					if a.Status != 405 || a.Header.Get("Allow") != allow {
						t.Errorf("%s %s: got %d, Allow %q, want 405 and %s", method, path, a.Status, a.Header.Get("Allow"), allow)
					}
				}
			}
		}
	}
	expect.Equal(t, spy.Changes(), 0, "changes")
	w.WantLocked("at the end")
	unlocked.WantIn("at the end")
}

// Each page has a nonce of its own, that nobody guesses.
func TestA32_Nonces(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b := app.Browser(t).Login(alice)
	nonce := regexp.MustCompile(`'nonce-([^']+)'`)
	seen := make(map[string]bool)
	for _, path := range []string{"/2fa/", "/2fa/", "/2fa/nothing"} {
		a := b.Get(path)
		var got string
		for _, m := range nonce.FindAllStringSubmatch(a.Header.Get("Content-Security-Policy"), -1) {
			if got != "" && m[1] != got {
				t.Errorf("%s: got two nonces, want one", path)
			}
			got = m[1]
		}
		if len(got) < 22 || seen[got] { // 128 bits, in base64 at best
			t.Errorf("%s: got nonce %q, one that is long enough and new", path, got)
		}
		expect.Contains(t, a.Body, `nonce="`+got+`"`, path)
		seen[got] = true
	}
}

// A tape keeps every response of an application, whole.
type tape struct {
	mu        sync.Mutex
	responses []*response
}

type response struct {
	http.ResponseWriter
	request *http.Request
	status  int
	body    bytes.Buffer
}

func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *response) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

func (r *response) String() string {
	return fmt.Sprintf("%s %s: %d %v\n%s", r.request.Method, r.request.RequestURI, r.status, r.Header(), r.body.String())
}

// setup puts the tape in front of everything.
func (tp *tape) setup() apptest.Setup {
	return apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		inner := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			res := &response{ResponseWriter: w, request: r, status: 200}
			inner.ServeHTTP(res, r)
			tp.mu.Lock()
			defer tp.mu.Unlock()
			tp.responses = append(tp.responses, res)
		})
	}}
}

// whole is a flow that meets every kind of answer that the gate gives to a
// browser. It returns the service's tokens and the TOTP secret.
func whole(t *testing.T, app *apptest.App) (tokens []string, secret string) {
	t.Helper()
	nobody := app.Browser(t)
	for _, path := range []string{"/2fa/", "/2fa/challenge", "/2fa/challenge/events", "/2fa/nothing", "/2fa/callback/x"} {
		nobody.Get(path)
		nobody.GetJSON(path)
		nobody.Post(path)
	}
	b := app.Browser(t).Login(alice)
	b.Get("/2fa/")
	b.Get("/2fa/enable")
	b.Get("/2fa/challenge")
	b.PostJSON("/2fa/enable/confirm", `{"code":"000000"}`)
	b.Post("/2fa/enable")
	b.Get("/2fa/enable")
	secret, _ = b.GetJSON("/2fa/enable").JSON("secret").(string)
	b.Post("/2fa/enable/confirm", "code", "000000")
	phone := b.Enrol(alice)
	b.Get("/2fa/")
	b.GetJSON("/2fa/")
	b.Do("PUT", "/2fa/enable", "")
	b.Do("POST", "/2fa/disable", "", "Sec-Fetch-Site", "cross-site")
	b.Do("POST", "/2fa/disable", "", "Sec-Fetch-Site", "cross-site", "Accept", js)

	login := func() waiter {
		w := waitOn(t, app.Stopped(t, alice), phone)
		tokens = append(tokens, w.token)
		return w
	}
	w := login()
	listen(t, w.Browser).want("pending")
	for _, path := range []string{"/2fa/challenge", "/2fa/challenge/status", "/2fa/", "/2fa/enable", "/2fa/return?session_token=x", "/open/x", "/2fa", "/account"} {
		w.Get(path)
		w.GetJSON(path)
		w.Do("GET", path, "", "Upgrade", "websocket", "Connection", "Upgrade")
	}
	w.Post("/2fa/challenge/totp", "code", "000000")
	w.PostJSON("/2fa/challenge/totp", `{"code":"000000"}`)
	w.PostJSON("/2fa/challenge/totp", `{"code":["000000"]}`)
	w.Post("/2fa/challenge/totp", "code", strings.Repeat("0", 5000))
	w.Do("POST", "/2fa/challenge/totp", "code", "Content-Type", "text/plain")
	app.Store.Fail(apptest.All)
	for _, path := range []string{"/2fa/challenge", "/2fa/challenge/status", "/2fa/", "/account"} {
		w.Get(path)
		w.GetJSON(path)
	}
	service(t, app).GetJSON(callback(app) + query(w.token, "true"))
	app.Store.Fail(0)
	apptest.Approve(t, phone)
	w.GetJSON("/2fa/challenge/status")
	app.Scs.FailCommits(1)
	w.Get("/2fa/challenge")
	app.Scs.FailCommits(0)
	w.unlock(t)
	w.Get("/2fa/challenge")
	w.GetJSON("/2fa/challenge/status")

	w = login()
	w.SendNew()
	w = waitOn(t, w.Browser, phone)
	tokens = append(tokens, w.token)
	w.PostJSON("/2fa/challenge", "")
	apptest.Deny(t, phone)
	w.Get("/2fa/challenge")
	w.Login(alice)
	w.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)).Want(t, 303, "code")
	w.Post("/2fa/enable")
	w.Get("/2fa/enable")
	for range 6 { // until it pauses
		w.Post("/2fa/enable/confirm", "code", "000000")
	}
	app.Clock.Add(2 * apptest.Step)
	w.Post("/2fa/disable")
	w.GetJSON("/2fa/")
	w.Post("/logout")
	return tokens, secret
}

func TestA32_HeadersOfEveryResponse(t *testing.T) {
	t.Parallel()
	var tp tape
	app := apptest.New(t, tp.setup())
	whole(t, app)
	seen := map[int]int{}
	for _, r := range tp.responses {
		path := r.request.URL.Path
		gates := strings.HasPrefix(path, "/2fa") || path == "/account" && r.status != 200
		if !gates {
			continue
		}
		seen[r.status]++
		referrer := "same-origin"
		if path == "/2fa/return" || strings.HasPrefix(path, "/2fa/callback/") {
			referrer = "no-referrer"
		}
		for name, want := range map[string]string{
			"Cache-Control":                "no-store, no-transform",
			"Referrer-Policy":              referrer,
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			expect.Equal(t, r.Header().Get(name), want, "%s %s: %d, %s", r.request.Method, path, r.status, name)
		}
		csp := r.Header()["Content-Security-Policy"]
		if len(csp) != 1 || !strings.Contains(csp[0], "frame-ancestors 'none'") || !strings.Contains(csp[0], "default-src 'none'") {
			t.Errorf("%s %s: %d: got policy %q", r.request.Method, path, r.status, csp)
		}
		if vary := strings.Join(r.Header()["Vary"], ", "); !strings.Contains(vary, "Cookie") || !strings.Contains(vary, "Accept") {
			t.Errorf("%s %s: %d: got Vary %q", r.request.Method, path, r.status, vary)
		}
		if location := r.Header().Get("Location"); location != "" && (r.status != 303 || strings.Contains(location, "?")) {
			t.Errorf("%s %s: got %d to %q, want 303 to a clean address", r.request.Method, path, r.status, location)
		}
	}
	for _, status := range []int{200, 201, 303, 400, 401, 403, 404, 405, 413, 415, 422, 429, 503} {
		if seen[status] == 0 && status != 201 {
			t.Errorf("the flow has met no response of status %d: it has got too short", status)
		}
	}
}

func TestA32_TokenStaysOnTheServer(t *testing.T) {
	t.Parallel()
	var tp tape
	app := apptest.New(t, tp.setup())
	tokens, secret := whole(t, app)
	if len(tokens) != 3 || secret == "" {
		t.Fatalf("got %d tokens and secret %q", len(tokens), secret)
	}
	for _, r := range tp.responses {
		text := r.String()[len(r.request.Method)+1+len(r.request.RequestURI):]
		for _, token := range tokens {
			for _, part := range append(strings.Split(token, ".")[1:], token) {
				expect.Lacks(t, text, part, "%s %s: the token is in the response", r.request.Method, r.request.URL.Path)
			}
		}
		for name, kept := range map[string]string{
			"callback's secret": strings.TrimPrefix(callback(app), "/2fa/callback/"),
			"API key":           app.Emulator.APIKey(),
		} {
			expect.Lacks(t, text, kept, "%s %s: the %s is in the response", r.request.Method, r.request.URL.Path, name)
		}
		if r.request.URL.Path != "/2fa/enable" && r.request.URL.Path != "/2fa/enable/confirm" && strings.Contains(text, secret) {
			t.Errorf("%s %s: the TOTP secret is in the response:\n%s", r.request.Method, r.request.URL.Path, text)
		}
	}
}

func TestA31_OpenRedirects(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	home := expect.Try(url.Parse(app.URL + "/2fa/challenge")).OrFail(t)
	long := "/" + strings.Repeat("a", 3000)
	for _, c := range []struct{ target, want string }{
		{"/account", "/account"},
		{"/account?x=1&y=%2F%2Fevil.example", "/account?x=1&y=%2F%2Fevil.example"},
		{"/a%20b?c%20d", "/a%20b?c%20d"},
		{"//evil.example", "/"},
		{"///evil.example", "/"},
		{"//evil.example/%2e%2e", "/"},
		{"//evil.example?x", "/"},
		{"//[::1]/", "/"},
		{"//user@evil.example/x", "/"},
		{`/\evil.example`, "/%5Cevil.example"},
		{`/\/evil.example`, "/%5C/evil.example"},
		{`\\evil.example`, ""},
		{"/%5cevil.example", "/%5cevil.example"},
		{"/%5c%5cevil.example", "/%5c%5cevil.example"},
		{"/%2fevil.example", "/%2fevil.example"},
		{"/%09/evil.example", "/%09/evil.example"},
		{"/%0a/evil.example", "/%0a/evil.example"},
		{"/%0d%0aLocation:%20//evil.example", "/%0d%0aLocation:%20//evil.example"},
		{"/\t/evil.example", ""},
		{"/x?a\tb", ""},
		{`/x?\evil`, "/"},
		{"/x?a#//evil.example", "/"},
		{"/#//evil.example", "/%23//evil.example"},
		{"http://evil.example/", "/"},
		{"http://evil.example/account", "/account"},
		{"http://evil.example//evil.example", "/"},
		{"http://evil.example", "/"},
		{"https://evil.example/x", "/x"},
		{"javascript:alert(1)", "/"},
		{"javascript://%0aalert(1)", ""},
		{"evil.example", ""},
		{"/x//evil.example", "/x//evil.example"},
		{"/.//evil.example", "/.//evil.example"},
		{"/x/..//evil.example", "/x/..//evil.example"},
		{"/x/../..//evil.example", "/x/../..//evil.example"},
		{"/@evil.example", "/@evil.example"},
		{"/;@evil.example", "/;@evil.example"},
		{"/x?next=//evil.example", "/x?next=//evil.example"},
		{"/\u2215evil.example", "/%E2%88%95evil.example"},
		{"/x?\x00", ""},
		{"/x?\x7f", ""},
		{"/x?\u00e4", "/x?\u00e4"},
		{long, "/"},
		{"/x?" + long, "/"},
	} {
		b := app.Browser(t).Login(alice)
		a := b.Raw("GET", c.target, "Accept", "text/html")
		expect.Lacks(t, a.Location, "evil", "%q, %d", c.target, a.Status)
		if c.want == "" { // not HTTP at all
			expect.Equal(t, a.Status/100, 4, "%q, %d", c.target, a.Status)
			continue
		}
		app.Clock.Add(apptest.Step)
		a = b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
		a.WantTo(t, c.want, "%q", c.target)
		u, err := home.Parse(a.Location)
		if err != nil || u.Host != home.Host || u.Scheme != home.Scheme {
			t.Errorf("%q: got to %v, %v, want a page of this site", c.target, u, err)
		}
	}
	// What only looks like a page of the gate's leads nowhere either.
	b := app.Stopped(t, alice)
	for _, target := range []string{
		"/2fa/../..//evil.example", "/2fa//evil.example", "/2fa/challenge?next=//evil.example", "/2fa/challenge?redirect_uri=//evil.example",
		"/2fa/return?next=https://evil.example", "/2fa/return?redirect_uri=https://evil.example&session_token=x",
	} {
		if a := b.Raw("GET", target, "Accept", "text/html", "Referer", "https://evil.example/", "X-Forwarded-Host", "evil.example"); strings.Contains(a.Location+a.Body, "evil") {
			t.Errorf("%q: got %d to %q\n%s", target, a.Status, a.Location, a.Body)
		}
	}
	app.Clock.Add(apptest.Step)
	a := b.Do("POST", "/2fa/challenge/totp?next=//evil.example", "next=//evil.example&code="+apptest.Code(t, phone),
		"Content-Type", form, "Host", "evil.example", "X-Forwarded-Host", "evil.example")
	a.WantTo(t, "/account", "after the code")
}

func TestA33_HostileNames(t *testing.T) {
	t.Parallel()
	issuers := []string{ // of those that New takes
		"Acme", "A&secret=AAAA", "A?secret=AAAA", "A#x", "A+B C", `"><script>alert(1)`, "บริษัท", "A=B;C", "'A'", "<b>", "{{.Secret}}",
		"A\\B", "${A}`", "\U0001F600", "javascript",
	}
	emails := []string{
		alice, "a:b@example.com", "a&secret=AAAA@example.com", "a?x=y@example.com", "a%41@example.com", "a%@example.com", "a+b@example.com",
		"a#b@example.com", `"<script>alert(1)</script>"@example.com`, "a'b@example.com", "a/b@example.com", "สมชาย@ตัวอย่าง.ไทย", "a b@example.com",
		"a=b@example.com", "a;b@example.com", `a\b@example.com`, "{{.Number}}@example.com", "a,b@example.com", "a@b@example.com", "javascript:alert(1)@b",
	}
	for i, issuer := range issuers {
		t.Run(issuer, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithIssuer(issuer)}})
			for j := range 4 {
				email := emails[(i+j*5)%len(emails)]
				hostile(t, app, issuer, email)
			}
		})
	}
}

func hostile(t *testing.T, app *apptest.App, issuer, email string) {
	t.Helper()
	b := app.Browser(t).Login(email)
	program := b.PostJSON("/2fa/enable", "")
	uri, _ := program.JSON("uri").(string)
	if strings.ContainsAny(program.Body, "<>") {
		t.Errorf("%s: JSON: got %s, want no angle brackets in it", email, program.Body)
	}
	wantURI(t, app, uri, issuer, email)

	wantEscaped := func(name, body string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if strings.ContainsAny(text, `<>"'&`) && strings.Contains(body, text) {
				t.Errorf("%s: %q stands there as it is:\n%s", name, text, body)
			}
			expect.Contains(t, html.UnescapeString(body), text, name)
		}
		expect.Lacks(t, body, "<script>", "%s, a script without nonce", name)
	}
	page := b.Get("/2fa/enable")
	wantEscaped("enable", page.Body, issuer)
	if got := html.UnescapeString(page.Body); page.Status != 200 || !strings.Contains(got, `href="`+uri+`"`) {
		t.Errorf("%s: enable: got %d\n%s\nwant the link %s", email, page.Status, page.Body, uri)
	}
	phone := b.Enrol(email)
	wantEscaped("security", b.Get("/2fa/").Body, issuer, email)
	calls := app.Emulator.Calls(emulator.CreateSession)

	b = app.Stopped(t, email)
	wantEscaped("challenge", b.Get("/2fa/challenge").Body, issuer, email)
	expect.Equal(t, len(app.Emulator.Calls(emulator.CreateSession))-len(calls), 1, "%s, calls to the service", email)
	apptest.Approve(t, phone)
	b.WantIn(email)
}

// wantURI wants an otpauth URI that says this issuer and this e-mail address,
// and nothing else, however it is read.
func wantURI(t *testing.T, app *apptest.App, uri, issuer, email string) {
	t.Helper()
	label, rawQuery, _ := strings.Cut(strings.TrimPrefix(uri, "otpauth://totp/"), "?")
	parts := strings.Split(label, ":")
	var names []string
	for _, part := range parts {
		name, err := url.PathUnescape(part)
		if err != nil {
			t.Errorf("label %q: %v", label, err)
		}
		names = append(names, name)
	}
	if want := []string{issuer, email}; !reflect.DeepEqual(names, want) {
		t.Errorf("got label %q, want %q", names, want)
	}
	count := map[string]int{}
	for _, pair := range strings.Split(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		count[name]++
		plain, err := url.PathUnescape(value) // no "+" for a space
		if want := map[string]string{"issuer": issuer, "email": email, "client_id": app.Emulator.ClientID()}[name]; want != "" && plain != want || err != nil {
			t.Errorf("got %s %q, %v, want %q", name, plain, err, want)
		}
	}
	want := map[string]int{"secret": 1, "issuer": 1, "algorithm": 1, "digits": 1, "client_id": 1, "email": 1}
	if !reflect.DeepEqual(count, want) {
		t.Errorf("got parameters %v, want each once", count)
	}
	account, err := emulator.ParseAccount(uri)
	if err != nil || account.Issuer != issuer || account.Email != email {
		t.Errorf("the app reads %+v, %v, want %q and %q", account, err, issuer, email)
	}
	u, err := url.Parse(uri)
	if err != nil || u.Fragment != "" || len(u.Query()["secret"]) != 1 {
		t.Errorf("net/url reads %v, %v", u, err)
	}
}

// The longest names still make a page.
func TestA33_LongNames(t *testing.T) {
	t.Parallel()
	for name, names := range map[string][2]string{
		"usual letters": {strings.Repeat("A", 64), strings.Repeat("a", 64) + "@" + strings.Repeat("b", 170)},
		"Thai":          {strings.Repeat("ก", 21), strings.Repeat("a", 40) + "@example.co.th"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithIssuer(names[0])}})
			hostile(t, app, names[0], names[1])
		})
	}
}
