package middleware_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	chimw "github.com/go-chi/chi/v5/middleware"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// tricks are request targets that some router or rewriter may take for the
// guarded /account, and some guard for something else.
var tricks = []string{
	"/account", "/account/", "/account//", "/account/.", "/account/..", "/account/x/..", "/account?", "/account?/open/x",
	"/account?x=/open/", "/account%3f/open/x", "/account%23/open/x", "/account%00", "/account%20", "/account%0a", "/account%09",
	"//account", "///account", "/./account", "/../account", "/.//account", "/%2e/account", "/%2e%2e/account", "/%2faccount",
	"/%61ccount", "/%61%63%63%6f%75%6e%74", "/%2561ccount", "/acc%6funt/", "/ACCOUNT", "/Account", "/accoun\u0165",
	"/account.json", "/account.css", "/account.js", "/account.png", "/account.html", "/account.", "/account..json", "/account%2ejson",
	"/account;", "/account;x", "/account;.css", "/account;/open/x", "/account%3b.css", "/account/open/x", "/account/open/x.css",
	"/account/open/../", "/account/.css", "/account/%2e%2e/open/../account", "/x/../account", "/x/%2e%2e/account", "/x%2f..%2faccount",

	"/open/../account", "/open/./../account", "/open/x/../../account", "/open//../account", "/open/../../account", "/open/..//account",
	"/open/%2e%2e/account", "/open/.%2e/account", "/open/%2e./account", "/open/%2E%2E/account", "/open/%252e%252e/account",
	"/open/..%2faccount", "/open/..%2Faccount", "/open/%2e%2e%2faccount", "/open%2f..%2faccount", "/open%2f%2e%2e%2faccount",
	"/open/..%252faccount", "/open/x%2f..%2f..%2faccount", "/open/..;/account", "/open/;/../account", "/open;/../account",
	"/open/..;x=y/account", "/open/..%3b/account", "/open/..\\account", "/open\\..\\account", "/open/..%5caccount", "/open/%5c..%5caccount",
	"/open/.../account/..", "/open/...account", "/open/x/...account", "/open/...", "/open/..account", "/open/..json", "/open/..", "/open/...json",
	"/open/..%00/account", "/open/%00/../account", "/open/..%20/account", "/open/..%0d%0a/account", "/open/..%c0%afaccount",
	"/open/%c0%ae%c0%ae/account", "/open/\uff0e\uff0e/account", "/open/..\u2215account", "//open/../account", "//open//..//account",
	"/open%2f../account", "/open/..?/account", "/open/..%3f/account", "/open/..#/account", "/%6fpen/../account", "/OPEN/../account",
	"/open", "/open.json", "/opened", "/OPEN/x", "//open/x", "/./open/x", "/x/../open/x", "/open%2fx", "/%2fopen/x",

	"/healthz/", "/healthz/.", "/healthz/../account", "/healthz/account", "/healthz%2f..%2faccount", "/healthz.json", "/healthz;x", "/healthz;/../account",
	"/healthz%00", "//healthz", "/healthz//", "/HEALTHZ", "/healthz%2e", "/healthz..", "/healthz/..%2faccount",

	"/2fa/../account", "/2fa/%2e%2e/account", "/2fa/..%2faccount", "/2fa%2f..%2faccount", "/2fa/./../account", "/2fa//../account",
	"/2fa/..;/account", "/2fa;/../account", "/2fa;/account", "/2fa\\..\\account", "/2fa/..\\account", "/2fa/..%5caccount",
	"/2fa/challenge/../../account", "/2fa/challenge/%2e%2e/%2e%2e/account", "/2fa/challenge/..%2f..%2faccount", "/2fa/callback/../../account",
	"/2fa/callback/x%2f..%2f..%2f..%2faccount", "/2fa/account", "/2fa/account.css", "/2fa/../open/../account", "/2fa/open/x", "/open/2fa/../../account",
	"/%32fa/../account", "//2fa/../account", "/2FA/../account", "/2fax/../account", "/2fa.json", "/2fa/../2fa/../account", "/2fa%00/../account",
	"/2fa/%2e%2e", "/2fa/..", "/2fa/...account", "/2fa/challenge.json", "/2fa/challenge/", "/2fa//challenge", "/2fa/enable/", "/2fa/enable.json",
	"/2fa/enable%2f", "/2fa/./enable", "/2fa/x/../enable", "/2fa/%65nable", "//2fa/enable", "/2fa//enable", "/2fa/disable/..//enable",
}

// hosts are the same in the absolute form, and what CONNECT would ask for.
var hosts = []string{
	"http://evil.example/account", "http://evil.example/open/../account", "http://evil.example//open/..%2faccount",
	"https://evil.example/2fa/../account", "http://evil.example", "http://evil.example?/open/x", "http://evil.example/account?/open/",
	"http://localhost/account", "account:80",
}

func passThrough(next http.Handler) http.Handler { return next }

// chiSetup builds the application with chi, with one middleware more in front
// of the gate and one behind.
func chiSetup(front, behind func(http.Handler) http.Handler) apptest.Setup {
	return apptest.Setup{
		Options: []middleware.Option{middleware.WithExempt("GET /open/{rest...}", "GET /healthz", "GET /app/open/", "GET /account/open/")},
		Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
			guarded := func(w http.ResponseWriter, r *http.Request) {
				app.Passed.Add(1)
				fmt.Fprint(w, apptest.Secret, chi.RouteContext(r.Context()).RoutePattern())
			}
			open := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "open") }
			r := chi.NewRouter()
			r.Use(app.Sessions.LoadAndSave, front, app.Gate.Handler, behind)
			r.HandleFunc("/", guarded)
			r.HandleFunc("/*", guarded)
			r.HandleFunc("/account", guarded)
			r.HandleFunc("/account/", guarded)
			r.HandleFunc("/healthz", open)
			r.HandleFunc("/open/", open)
			r.HandleFunc("/open/*", open)
			r.HandleFunc("/account/open/*", open)
			r.HandleFunc("/app/open/*", open)
			r.Method("POST", "/login", mux)
			r.Method("POST", "/logout", mux)
			return r
		},
	}
}

func TestA28_PathTricks(t *testing.T) {
	t.Parallel()
	type chain []func(http.Handler) http.Handler
	type rewriter struct {
		name   string
		use    func(http.Handler) http.Handler
		prefix string // that it removes
	}
	all := func(c chain) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			for _, use := range slices.Backward(c) {
				next = use(next)
			}
			return next
		}
	}
	rewriters := []rewriter{
		{"none", passThrough, ""},
		{"CleanPath", chimw.CleanPath, ""},
		{"StripSlashes", chimw.StripSlashes, ""},
		{"RedirectSlashes", chimw.RedirectSlashes, ""},
		{"URLFormat", chimw.URLFormat, ""},
		{"GetHead", chimw.GetHead, ""},
		{"PathRewrite", chimw.PathRewrite("/v1", ""), "/v1"},
		{"StripPrefix", chimw.Maybe(chimw.StripPrefix("/app"), hasPrefix("/app")), "/app"},
		{"all", all(chain{chimw.CleanPath, chimw.URLFormat, chimw.StripSlashes, chimw.GetHead}), ""},
		{"all the other way", all(chain{chimw.GetHead, chimw.StripSlashes, chimw.URLFormat, chimw.CleanPath}), ""},
		// Not chi's, but thinkable: what is cut off leaves something to clean.
		{"suffix and cleaning", all(chain{cutSuffix, cleaned}), ""},
	}
	setups := map[string]apptest.Setup{"net/http": {}, "net/http, exact": {Options: []middleware.Option{
		middleware.WithExempt("GET /open/{rest...}", "GET /healthz"),
	}}}
	prefixes := map[string]string{}
	for _, rw := range rewriters {
		setups[rw.name+" behind"], prefixes[rw.name+" behind"] = chiSetup(passThrough, rw.use), rw.prefix
		setups[rw.name+" in front"], prefixes[rw.name+" in front"] = chiSetup(rw.use, passThrough), rw.prefix
	}
	twice := all(chain{chimw.URLFormat, chimw.CleanPath, chimw.StripSlashes})
	setups["several, twice"] = chiSetup(twice, twice)
	for name, setup := range setups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, setup)
			b := enrolled(t, app)
			for _, prefix := range slices.Compact([]string{"", prefixes[name]}) {
				for _, trick := range tricks {
					wantRefused(t, b, "GET", prefix+trick)
				}
				for _, trick := range []string{"/account", "/open/../account", "/open/..%2faccount", "/2fa/../account", "/healthz/../account", "/account.json"} {
					for _, method := range []string{"HEAD", "POST", "OPTIONS", "CONNECT", "get"} {
						wantRefused(t, b, method, prefix+trick)
					}
				}
			}
			for _, host := range hosts {
				wantRefused(t, b, "GET", host)
				wantRefused(t, b, "CONNECT", host)
			}
			if a := b.Raw("GET", "/open/x"); a.Status != 200 && a.Status != 404 || a.Secret() {
				t.Errorf("/open/x: got %d, it let through", a.Status)
			}
		})
	}
}

func hasPrefix(prefix string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, prefix+"/") }
}

func cutSuffix(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i := strings.LastIndexByte(r.URL.Path, '.'); i > strings.LastIndexByte(r.URL.Path, '/') {
			r.URL.Path = r.URL.Path[:i]
		}
		next.ServeHTTP(w, r)
	})
}

func cleaned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = path.Clean(r.URL.Path)
		next.ServeHTTP(w, r)
	})
}

// enrolled returns a browser that is stopped at the challenge, in an
// application of any shape.
func enrolled(t *testing.T, app *apptest.App) *apptest.Browser {
	t.Helper()
	const email = "alice@example.com"
	app.Browser(t).Login(email).Enrol(email)
	app.Passed.Store(0)
	return app.Browser(t).Login(email)
}

// wantRefused wants the locked session's request not to reach a guarded handler.
func wantRefused(t *testing.T, b *apptest.Browser, method, target string, head ...string) apptest.Answer {
	t.Helper()
	a := b.Raw(method, target, head...)
	if n := b.App.Passed.Swap(0); n != 0 || a.Secret() {
		t.Errorf("%s %s: got in: %d %s", method, target, a.Status, a.Body)
	}
	if a.Status == http.StatusSwitchingProtocols {
		t.Errorf("%s %s: got %d", method, target, a.Status)
	}
	return a
}

// problem is the body of every refusal.
const problem = `{"type":"urn:eagate:problem:second-factor-required","title":"The second factor is required","status":403,"challenge_url":"/2fa/challenge"}`

func TestA29_OtherRequestsWhileLocked(t *testing.T) {
	t.Parallel()
	upgraded := 0
	app := apptest.New(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		mux.HandleFunc("/socket", func(w http.ResponseWriter, _ *http.Request) {
			upgraded++
			app.Passed.Add(1)
			w.Header().Set("Upgrade", "websocket")
			w.WriteHeader(http.StatusSwitchingProtocols)
		})
	}})
	b := enrolled(t, app)
	websocket := []string{"Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	for _, c := range []struct {
		name, method, target string
		head                 []string
	}{
		{"HEAD", "HEAD", "/account", nil},
		{"OPTIONS", "OPTIONS", "/account", nil},
		{"preflight", "OPTIONS", "/account", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "GET"}},
		{"TRACE", "TRACE", "/account", nil},
		{"POST", "POST", "/account", nil},
		{"POST of a page, by a script", "POST", "/account", []string{"Accept", "text/html", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}},
		{"PUT", "PUT", "/account", nil},
		{"PATCH", "PATCH", "/account", nil},
		{"DELETE", "DELETE", "/account", nil},
		{"CONNECT", "CONNECT", "/account", nil},
		{"CONNECT to a host", "CONNECT", "account:80", nil},
		{"QUERY", "QUERY", "/account", nil},
		{"PROPFIND", "PROPFIND", "/account", nil},
		{"PRI", "PRI", "/account", nil},
		{"lower case", "get", "/account", nil},
		{"any", "ANY-TOKEN", "/account", nil},
		{"another method by header", "POST", "/account", []string{"X-HTTP-Method-Override", "GET", "X-Method-Override", "GET", "X-HTTP-Method", "GET"}},
		{"another path by header", "POST", "/account", []string{"X-Original-URL", "/open/x", "X-Rewrite-URL", "/open/x", "X-Forwarded-Prefix", "/open"}},
		{"WebSocket", "GET", "/socket", append([]string{"Connection", "Upgrade"}, websocket...)},
		{"WebSocket of a page", "GET", "/socket", append([]string{"Connection", "keep-alive, Upgrade", "Accept", "text/html"}, websocket...)},
		{"WebSocket by fetch metadata", "GET", "/socket", append([]string{"Sec-Fetch-Mode", "websocket", "Sec-Fetch-Dest", "websocket"}, websocket...)},
		{"h2c", "GET", "/account", []string{"Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c", "HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"}},
		{"SSE", "GET", "/account", []string{"Accept", "text/event-stream"}},
		{"SSE of a browser", "GET", "/account", []string{"Accept", "text/event-stream", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}},
		{"SSE, no cache", "GET", "/account", []string{"Accept", "text/event-stream", "Cache-Control", "no-cache", "Last-Event-ID", "1"}},
		{"JSON", "GET", "/account", []string{"Accept", "application/json"}},
		{"JSON before all", "GET", "/account", []string{"Accept", "application/json, text/plain, */*"}},
		{"JSON before pages", "GET", "/account", []string{"Accept", "text/html;q=0.5,application/json"}},
		{"image", "GET", "/account", []string{"Accept", "image/avif,image/webp"}},
		{"image of a browser", "GET", "/account", []string{"Accept", "image/avif,*/*;q=0.8", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}},
		{"fetch", "GET", "/account", []string{"Accept", "*/*", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}},
		{"fetch without CORS", "GET", "/account", []string{"Accept", "*/*", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "empty"}},
		{"fetch of the same origin", "GET", "/account", []string{"Accept", "text/html", "Sec-Fetch-Mode", "same-origin", "Sec-Fetch-Dest", "empty"}},
		{"fetch by its mode alone", "GET", "/account", []string{"Accept", "text/html", "Sec-Fetch-Mode", "cors"}},
		{"frame by its dest alone", "GET", "/account", []string{"Accept", "text/html", "Sec-Fetch-Dest", "iframe"}},
		{"script", "GET", "/account", []string{"Accept", "*/*", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}},
		{"frame", "GET", "/account", []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}},
		{"embedded", "GET", "/account", []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "embed"}},
		{"prefetch", "GET", "/account", []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Purpose", "prefetch"}},
		{"prerender", "GET", "/account", []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Purpose", "prefetch;prerender"}},
		{"prefetch of an older browser", "GET", "/account", []string{"Accept", "text/html", "Purpose", "prefetch"}},
		{"by script", "GET", "/account", []string{"Accept", "text/html", "X-Requested-With", "XMLHttpRequest"}},
	} {
		a := wantRefused(t, b, c.method, c.target, c.head...)
		if a.Status != 403 || a.Header.Get("Content-Type") != "application/problem+json" || a.Location != "" {
			t.Errorf("%s: got %d %s to %q, want 403 application/problem+json", c.name, a.Status, a.Header.Get("Content-Type"), a.Location)
		}
		if a.Body != problem && c.method != "HEAD" {
			t.Errorf("%s: got %s\nwant %s", c.name, a.Body, problem)
		}
		if a.Header.Get("Upgrade") != "" || upgraded != 0 {
			t.Errorf("%s: upgraded", c.name)
		}
	}
	expect.Equal(t, len(app.Emulator.Requests()), 0, "requests to the phone: nobody opened a page")
	// Approved, an upgrade still waits for a request that can unlock.
	b.SendNew()
	apptest.Approve(t, app.Emulator.Phone("alice@example.com"))
	wantRefused(t, b, "GET", "/socket", append([]string{"Connection", "Upgrade"}, websocket...)...)
	b.WantIn("at the end")
}

func TestNavigationsAreLedToTheChallenge(t *testing.T) {
	t.Parallel()
	for name, head := range map[string][]string{
		"a browser": {
			"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
			"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "none",
		},
		"from another site":   {"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "cross-site"},
		"an older browser":    {"Accept", "text/html,application/xml;q=0.9,*/*;q=0.8"},
		"whoever takes all":   {"Accept", "*/*"},
		"whoever says naught": nil,
		"both alike":          {"Accept", "text/html, application/json"},
		"pages before JSON":   {"Accept", "application/json;q=0.9, text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			b := enrolled(t, app)
			a := wantRefused(t, b, "GET", "/account?tab=2", head...)
			if a.Status != 303 || a.Location != "/2fa/challenge" || a.Body != "" {
				t.Errorf("got %d to %q with %q, want 303 to /2fa/challenge", a.Status, a.Location, a.Body)
			}
			b.Follow("/2fa/challenge")
			expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
			apptest.Approve(t, app.Emulator.Phone("alice@example.com"))
			b.Get("/2fa/challenge").WantTo(t, "/account?tab=2", "after the approval")
		})
	}
}

// The challenge page, too, makes the phone ring only for somebody who looks.
func TestPrefetchedChallengeStartsNoPush(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b := enrolled(t, app)
	for _, head := range [][]string{
		{"Accept", "text/html", "Sec-Purpose", "prefetch", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		{"Accept", "text/html", "Purpose", "prefetch"},
		{"Accept", "image/webp,*/*", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
		{"Accept", "*/*", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"},
		{"Accept", "application/json"},
	} {
		b.Raw("GET", "/2fa/challenge", head...)
		b.Raw("HEAD", "/2fa/challenge", head...)
	}
	expect.Equal(t, len(app.Emulator.Requests()), 0, "requests to the phone")
	b.Follow("/2fa/challenge")
	expect.Equal(t, len(app.Emulator.Requests()), 1, "opened, requests to the phone")
}

// What is exempt passes, and nothing else by the same means.
func TestExemptions(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithExempt("GET /healthz", "POST /hooks/{id}", "/static/", "GET /.well-known/security.txt", "GET /{$}"),
	}})
	b := enrolled(t, app)
	for _, c := range []struct {
		method, target string
		exempt         bool
	}{
		{"GET", "/open/x", true},
		{"GET", "/open/x/y.css", true},
		{"GET", "/open/", true},
		{"GET", "/open/a%20b", true},
		{"HEAD", "/healthz", true},
		{"GET", "/healthz", true},
		{"GET", "/healthz?full=1", true},
		{"POST", "/healthz", false},
		{"POST", "/hooks/7", true},
		{"GET", "/hooks/7", false},
		{"POST", "/hooks/7/x", false},
		{"POST", "/hooks/", false},
		{"DELETE", "/static/x", true},
		{"GET", "/static", false},
		{"GET", "/.well-known/security.txt", true},
		{"GET", "/.well-known/", false},
		{"GET", "/", true},
		{"GET", "/x", false},
		{"GET", "/login", true},
		{"GET", "/logout", false},
		{"GET", "/open/a..b", false},
		{"GET", "/open/.json", false},
	} {
		a := b.Raw(c.method, c.target, "Accept", "application/json")
		expect.Equal(t, a.Status != 403, c.exempt, "%s %s, %d", c.method, c.target, a.Status)
	}
}

// Routers and rewriters that cut a path off at a semicolon, as Java's do, would lead
// "/open/;x" to the folder, which isn't exempt.
func TestA28_Semicolons(t *testing.T) {
	t.Parallel()
	cut := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path, _, _ = strings.Cut(r.URL.Path, ";")
			next.ServeHTTP(w, r)
		})
	}
	app := apptest.New(t, apptest.Setup{
		Options: []middleware.Option{middleware.WithExempt("GET /files/{name}")},
		Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
			return app.Sessions.LoadAndSave(app.Gate.Handler(cut(mux)))
		},
	})
	b := enrolled(t, app)
	for target, exempt := range map[string]bool{
		"/files/x": true, "/files/;x": false, "/files/x;y": false, "/files/;": false, "/open/x;y": false,
	} {
		expect.Equal(t, b.Raw("GET", target).Status == http.StatusOK, exempt, "%s, passed", target)
	}
}

// A login page whose path ends with a slash exempts nothing below it.
func TestExemptLoginWithSlash(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithLoginPath("/enter/"), middleware.WithLogoutPath("/leave/"),
	}})
	b := enrolled(t, app)
	for _, c := range []struct {
		method, target string
		exempt         bool
	}{
		{"GET", "/enter/", true}, {"POST", "/enter/", true}, {"GET", "/enter/x", false}, {"POST", "/enter/x/y", false},
		{"POST", "/leave/", true}, {"POST", "/leave/x", false},
	} {
		a := b.Raw(c.method, c.target, "Accept", "application/json")
		expect.Equal(t, a.Status != 403, c.exempt, "%s %s, %d", c.method, c.target, a.Status)
	}
}

func TestBasePath(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithBasePath("/a/second.factor~1")}})
	b := app.Browser(t).Login("alice@example.com")
	for target, want := range map[string]int{
		"/a/second.factor~1":         200,
		"/a/second.factor~1/":        200,
		"/a/second.factor~1/nothing": 404,
		"/a/second%2efactor~1/":      404,
		"/a/second.factor~1x":        200, // the application's
		"/2fa/":                      200,
	} {
		b.Raw("GET", target).Want(t, want, target)
	}
	expect.Equal(t, app.Passed.Load(), 2, "requests to the application")
	for _, base := range []string{"", "/", "2fa", "/2fa/", "//2fa", "/2fa/..", "/2%66a", "/{2fa}", "/zw\u00f6lf", "/2fa^", "/2fa|x", "/2 fa", "/2fa?"} {
		if _, err := middleware.New(append(complete(), middleware.WithBasePath(base))...); err == nil {
			t.Errorf("WithBasePath(%q): got no error", base)
		}
	}
}

// However what is exempt is decoded, cut and cleaned, it stays where it is.
func FuzzExemption(f *testing.F) {
	for _, trick := range tricks {
		f.Add(trick)
	}
	exempt, err := middleware.Exempt("/open/", "GET /open/{rest...}", "GET /healthz")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		r := &http.Request{Method: http.MethodGet, URL: u, Host: "host.example", RequestURI: target}
		if !exempt(r) || u.Path == "/healthz" {
			return
		}
		readings := []string{u.Path, u.EscapedPath(), u.RawPath}
		for range 4 {
			for _, p := range readings {
				if s, err := url.PathUnescape(p); err == nil {
					readings = append(readings, s)
				}
				readings = append(readings, strings.ReplaceAll(p, "\\", "/"))
				if i := strings.IndexByte(p, ';'); i >= 0 {
					readings = append(readings, p[:i])
				}
				if i := strings.LastIndexByte(p, '.'); i > strings.LastIndexByte(p, '/') {
					readings = append(readings, p[:i])
				}
				if strings.HasPrefix(p, "/") {
					readings = append(readings, path.Clean(p))
				}
			}
			slices.Sort(readings)
			readings = slices.Compact(readings)
		}
		for _, p := range readings {
			if p != "" && p != "/open" && !strings.HasPrefix(p, "/open/") {
				t.Errorf("%q is exempt, and can be read as %q", target, p)
			}
		}
	})
}
