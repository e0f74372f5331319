package handlers_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	chimw "github.com/go-chi/chi/v5/middleware"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/gatetest"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

const (
	alice = "alice@example.com"
	bob   = "bob@example.com"

	form = "application/x-www-form-urlencoded"
	js   = "application/json"
)

// A waiter is a user whose browser waits at the challenge.
type waiter struct {
	*gatetest.Browser
	phone  *emulator.Phone
	token  string // the service's
	number string
}

// wait enrols a user and leads a new browser to the challenge.
func wait(t *testing.T, app *gatetest.App, email string) waiter {
	t.Helper()
	phone := app.Enrolled(t, email)
	return waitOn(t, app.Stopped(t, email), phone)
}

func waitOn(t *testing.T, b *gatetest.Browser, phone *emulator.Phone) waiter {
	t.Helper()
	request, err := phone.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := waiter{b, phone, request.Token, request.Number}
	w.wantState(t, "at the start", "pending")
	return w
}

func (w waiter) wantState(t *testing.T, when, want string) {
	t.Helper()
	if a := w.GetJSON("/2fa/challenge/status"); a.JSON("state") != want {
		t.Errorf("%s: got state %v (%d %s), want %s", when, a.JSON("state"), a.Status, a.Body, want)
	}
}

// unlock lets the browser use an approval that has come.
func (w waiter) unlock(t *testing.T) {
	t.Helper()
	if a, at := w.Follow("/2fa/challenge"); !a.Secret() {
		t.Fatalf("unlocking: got %d at %s, want the page", a.Status, at)
	}
}

// service is a client that is no browser of anybody.
func service(t *testing.T, app *gatetest.App) *gatetest.Browser { return app.Browser(t) }

func callback(app *gatetest.App) string { return app.Gate.CallbackURL("") }

func query(token, result string) string {
	return "?" + url.Values{"result": {result}, "session_token": {token}}.Encode()
}

// report is what the service sends; it wants the same answer always.
func report(t *testing.T, app *gatetest.App, token, result string) {
	t.Helper()
	if a := service(t, app).GetJSON(callback(app) + query(token, result)); a.Status != 200 || a.Body != `{"code":"SUCCESS"}` {
		t.Errorf("report of %s: got %d %s, want 200 and SUCCESS", result, a.Status, a.Body)
	}
}

// look is all that an answer tells, but the time of day.
func look(a gatetest.Answer) string {
	a.Header.Del("Date")
	return fmt.Sprint(a.Status, a.Header, a.Body)
}

// flip changes the letter case at one place.
func flip(s string) string {
	for i := range len(s) {
		if c := s[i] ^ 0x20; c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return s[:i] + string(c) + s[i+1:]
		}
	}
	return s
}

func TestA01_BrowserCallsTheCallback(t *testing.T) {
	t.Parallel()
	app := gatetest.New(t)
	w := wait(t, app, alice)
	other, err := middleware.New(middleware.WithSessions(app.Sessions), middleware.WithService(app.Emulator.Client()),
		middleware.WithStore(store.NewMemory()), middleware.WithUser(func(*http.Request) (middleware.User, bool) { return middleware.User{}, false }),
		middleware.WithIssuer("Other"), middleware.WithKey([]byte("another key of thirty-two bytes.")), middleware.WithInsecureCookie())
	if err != nil {
		t.Fatal(err)
	}
	right := callback(app)
	for name, path := range map[string]string{
		"none":             "/2fa/callback",
		"empty":            "/2fa/callback/",
		"a guess":          "/2fa/callback/secret",
		"a placeholder":    "/2fa/callback/{secret}",
		"the token":        "/2fa/callback/" + w.token,
		"of another key":   other.CallbackURL(""),
		"cut off":          right[:len(right)-1],
		"longer":           right + "A",
		"with a slash":     right + "/",
		"with a NUL":       right + "%00",
		"with a space":     right + "%20",
		"other case":       "/2fa/callback/" + flip(strings.TrimPrefix(right, "/2fa/callback/")),
		"behind a dot":     "/2fa/callback/./" + strings.TrimPrefix(right, "/2fa/callback/"),
		"behind a slash":   "/2fa/callback//" + strings.TrimPrefix(right, "/2fa/callback/"),
		"outside the base": strings.TrimPrefix(right, "/2fa"),
	} {
		answers := []gatetest.Answer{
			w.GetJSON(path + query(w.token, "true")),
			w.Post(path, "result", "true", "session_token", w.token),
			w.PostJSON(path, fmt.Sprintf(`{"result": true, "session_token": %q}`, w.token)),
		}
		for i, a := range answers {
			// What lies outside the base path is the guard's to refuse.
			if want := 404; a.Status != want && name != "outside the base" {
				t.Errorf("secret %s, way %d: got %d, want %d", name, i, a.Status, want)
			}
		}
		w.wantState(t, "secret "+name, "pending")
	}
	w.WantLocked("after its own reports")
	report(t, app, w.token, "true") // so that it wasn't for another reason
	w.wantState(t, "after the service's report", "approved")
}

// forged are the headers by which a client can say that it is another.
func forged(addr string) []string {
	return []string{
		"X-Forwarded-For", addr, "X-Forwarded-For", addr + ", " + addr, "Forwarded", "for=" + addr,
		"X-Real-IP", addr, "True-Client-IP", addr, "CF-Connecting-IP", addr, "X-Client-IP", addr,
		"X-Cluster-Client-IP", addr, "X-Forwarded", "for=" + addr, "Via", "1.1 " + addr,
	}
}

func TestA02_CallbackFromOutsideTheNetworks(t *testing.T) {
	t.Parallel()
	networks := func(list ...string) middleware.Option {
		var prefixes []netip.Prefix
		for _, s := range list {
			prefixes = append(prefixes, netip.MustParsePrefix(s))
		}
		return middleware.WithCallbackNetworks(prefixes...)
	}
	source := func(addr netip.Addr, err error) middleware.Option {
		return middleware.WithCallbackSource(func(*http.Request) (netip.Addr, error) { return addr, err })
	}
	service4 := netip.MustParseAddr("192.0.2.7")
	realIP := func(app *gatetest.App, mux http.Handler) http.Handler {
		//lint:ignore SA1019 it believes headers: that is what we defend against
		return chimw.RealIP(app.Sessions.LoadAndSave(app.Gate.Handler(mux)))
	}
	for _, c := range []struct {
		name    string
		options []middleware.Option
		wrap    func(*gatetest.App, http.Handler) http.Handler
		want    int
	}{
		{"another network", []middleware.Option{networks("192.0.2.0/24")}, nil, 403},
		{"several others", []middleware.Option{networks("192.0.2.0/24", "2001:db8::/32")}, nil, 403},
		{"nearly", []middleware.Option{networks("127.0.0.2/32")}, nil, 403},
		{"the other family", []middleware.Option{networks("::/0")}, nil, 403},
		{"behind a believer in headers", []middleware.Option{networks("192.0.2.0/24")}, realIP, 403},
		{"the connection's own", []middleware.Option{networks("192.0.2.0/24", "127.0.0.0/8")}, nil, 200},
		{"a source outside", []middleware.Option{networks("127.0.0.0/8"), source(service4, nil)}, nil, 403},
		{"no source", []middleware.Option{networks("127.0.0.0/8"), source(netip.Addr{}, errors.New("no such header"))}, nil, 403},
		{"the zero source", []middleware.Option{networks("0.0.0.0/0", "::/0"), source(netip.Addr{}, nil)}, nil, 403},
		{"a source inside", []middleware.Option{networks("192.0.2.0/24"), source(service4, nil)}, nil, 200},
		{"a mapped source", []middleware.Option{networks("192.0.2.0/24"), source(netip.MustParseAddr("::ffff:192.0.2.7"), nil)}, nil, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app := gatetest.New(t, gatetest.Setup{Options: c.options, Wrap: c.wrap})
			w := wait(t, app, alice)
			target := callback(app) + query(w.token, "true")
			s := service(t, app)
			answers := []gatetest.Answer{
				s.Do("GET", target, "", forged(service4.String())...),
				s.Do("GET", target, "", forged("127.0.0.1")...),
				s.Do("POST", callback(app), query(w.token, "true")[1:], append(forged(service4.String()), "Content-Type", form)...),
			}
			if c.wrap == nil {
				answers = append(answers, s.Do("GET", target, ""))
			}
			for _, a := range answers {
				if a.Status != c.want {
					t.Errorf("got %d %s, want %d", a.Status, a.Body, c.want)
				}
			}
			if c.want == 200 {
				w.wantState(t, "from inside", "approved")
				return
			}
			w.wantState(t, "from outside", "pending")
			w.WantLocked("from outside")
			if !strings.Contains(app.Log.String(), "outside the networks") {
				t.Error("nothing was logged")
			}
		})
	}
}

// tooLate is what is logged of a report that comes too late.
const tooLate = "callback changes nothing"

func TestA03_TrueThenFalse(t *testing.T) {
	t.Parallel()
	app := gatetest.New(t)
	w := wait(t, app, alice)
	report(t, app, w.token, "true")
	report(t, app, w.token, "false")
	w.wantState(t, "true, then false", "approved")
	if n := strings.Count(app.Log.String(), tooLate); n != 1 {
		t.Errorf("got %d events, want 1", n)
	}
	w.unlock(t)
	report(t, app, w.token, "false")
	w.WantIn("false after the unlock")
	if n := strings.Count(app.Log.String(), tooLate); n != 2 {
		t.Errorf("got %d events after the unlock, want 2", n)
	}
	// Nor does it count as a rejection.
	if a := app.Stopped(t, alice).GetJSON("/2fa/challenge/status"); a.JSON("state") != "pending" {
		t.Errorf("next login: got %s, want pending", a.Body)
	}
}

func TestA04_FalseThenTrue(t *testing.T) {
	t.Parallel()
	app := gatetest.New(t)
	w := wait(t, app, alice)
	report(t, app, w.token, "false")
	report(t, app, w.token, "true")
	w.wantState(t, "false, then true", "rejected")
	w.WantLocked("false, then true")
	if !strings.Contains(app.Log.String(), tooLate) {
		t.Error("nothing was logged")
	}
}

func TestA05_Replay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before func(*testing.T, waiter)
		state  string // then, or "" if the session is unlocked
		moves  int    // of a challenge that doesn't count any more
	}{
		{"after the unlock", func(t *testing.T, w waiter) {
			report(t, w.App, w.token, "true")
			w.unlock(t)
		}, "", 0},
		{"after unlock and logout", func(t *testing.T, w waiter) {
			report(t, w.App, w.token, "true")
			w.unlock(t)
			w.Post("/logout")
			w.Login(alice)
		}, "none", 0},
		{"after a logout while pending", func(_ *testing.T, w waiter) {
			w.Post("/logout")
			w.Login(alice)
		}, "none", 0},
		{"after a logout while approved", func(t *testing.T, w waiter) {
			report(t, w.App, w.token, "true")
			w.Post("/logout")
			w.Login(alice)
		}, "none", 0},
		{"after the expiry", func(_ *testing.T, w waiter) { w.App.Clock.Add(5 * time.Minute) }, "expired", 0},
		{"after the expiry of an approval", func(t *testing.T, w waiter) {
			report(t, w.App, w.token, "true")
			w.App.Clock.Add(5 * time.Minute)
		}, "expired", 0},
		{"after a code", func(t *testing.T, w waiter) {
			if a := w.Post("/2fa/challenge/totp", "code", gatetest.Code(t, w.phone)); a.Status != 303 {
				t.Fatalf("code: got %d, want 303", a.Status)
			}
		}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app := gatetest.New(t)
			w := wait(t, app, alice)
			former := w.Copy() // a thief's, who kept the cookie
			c.before(t, w)
			spy := app.Spy()
			for range 3 {
				report(t, app, w.token, "true")
			}
			if n := spy.Changes() - c.moves; n != 0 {
				t.Errorf("got %d changes too many", n)
			}
			if a := former.GetJSON("/account"); a.Header.Get("X-Verified") == "true" {
				t.Error("the former cookie: verified")
			}
			if c.state == "" {
				w.WantIn("the owner")
				return
			}
			w.wantState(t, "the owner", c.state)
			w.WantLocked("the owner")
		})
	}
}

func TestA06_HundredReportsAtOnce(t *testing.T) {
	t.Parallel()
	world := gatetest.NewWorld(t)
	nodes := []*gatetest.App{world.Node(t), world.Node(t)}
	w := wait(t, nodes[0], alice)
	spy := world.Spy()

	atOnce(100, func(i int) {
		app := nodes[i%2]
		if a := app.Browser(t).GetJSON(callback(app) + query(w.token, "true")); a.Status != 200 {
			t.Errorf("report: got %d, want 200", a.Status)
		}
	})
	if n := spy.Moves(store.Pending, store.Approved); n != 1 {
		t.Errorf("got %d approvals, want 1", n)
	}
	world.Store.Store = &gathering{Store: world.Store.Store, wait: 10, all: make(chan struct{})}

	var pages, cookies atomic.Int64
	var seen sync.Map
	atOnce(100, func(i int) {
		a := w.On(nodes[i%2]).Copy().Get("/account")
		if a.Secret() {
			pages.Add(1)
		}
		for _, c := range a.Header["Set-Cookie"] {
			id, _, _ := strings.Cut(c, ";") // set by us and by scs
			if _, again := seen.LoadOrStore(id, true); strings.HasPrefix(id, "session=") && !again {
				cookies.Add(1)
			}
		}
	})
	if n := spy.Moves(store.Approved, store.Consumed); n != 1 {
		t.Errorf("got %d unlocks, want 1", n)
	}
	if pages.Load() != 1 || cookies.Load() != 1 || spy.Grants() != 1 {
		t.Errorf("got %d pages, %d new session cookies, %d grants, want 1 of each", pages.Load(), cookies.Load(), spy.Grants())
	}
}

// gathering lets no grant be made before several are about to be: of requests
// that have all seen the approval.
type gathering struct {
	store.Store
	wait int64
	n    atomic.Int64
	all  chan struct{}
}

func (g *gathering) CreateGrant(ctx context.Context, grant store.Grant) error {
	if g.n.Add(1) == g.wait {
		close(g.all)
	}
	select {
	case <-g.all:
	case <-ctx.Done():
	}
	return g.Store.CreateGrant(ctx, grant)
}

// atOnce calls f n times at the same time.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	all.Wait()
}

func TestA07_TokenOfAnother(t *testing.T) {
	t.Parallel()
	app := gatetest.New(t)
	a, b := wait(t, app, alice), wait(t, app, bob)
	second := app.Browser(t).Login(alice) // of the same user, with no challenge of its own

	report(t, app, b.token, "true")
	a.wantState(t, "bob's report, alice", "pending")
	b.wantState(t, "bob's report, bob", "approved")
	a.WantLocked("bob's report, alice")

	report(t, app, a.token, "true")
	if s := second.GetJSON("/2fa/challenge/status"); s.JSON("state") != "none" {
		t.Errorf("alice's other session: got %s, want none", s.Body)
	}
	if s := second.GetJSON("/account"); s.Secret() {
		t.Error("alice's other session: got in by the first one's approval")
	}
	// Nor is the token worth anything to it, wherever it is put.
	for _, path := range []string{"/2fa/return", "/2fa/challenge", "/2fa/challenge/status", "/account"} {
		second.GetJSON(path + "?session_token=" + a.token)
		second.Do("GET", path, "", "Accept", js, "X-Session-Token", a.token, "Cookie", "eagate.session_token="+a.token)
	}
	if s := second.GetJSON("/account"); s.Secret() {
		t.Error("alice's other session: got in with the first one's token")
	}
	a.wantState(t, "at the end, alice", "approved")
	a.unlock(t)
	b.unlock(t)
}

func TestA08_AlteredToken(t *testing.T) {
	t.Parallel()
	var read atomic.Int64 // what was read of the last body
	app := gatetest.New(t, gatetest.Setup{Wrap: func(app *gatetest.App, mux http.Handler) http.Handler {
		inner := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			read.Store(0)
			r.Body = counted{r.Body, &read}
			inner.ServeHTTP(w, r)
		})
	}})
	w := wait(t, app, alice)
	spy := app.Spy()
	s := service(t, app)
	send := func(token string) map[string]gatetest.Answer {
		values := query(token, "true")[1:]
		return map[string]gatetest.Answer{
			"query": s.Do("GET", callback(app)+"?"+values, ""),
			"form":  s.Do("POST", callback(app), values, "Content-Type", form),
			"json":  s.Do("POST", callback(app), `{"result":"true","session_token":`+quote(token)+`}`, "Content-Type", js),
		}
	}
	unknown := look(s.Do("GET", callback(app)+query("no such token", "true"), ""))
	var encoded strings.Builder
	for i := range len(w.token) {
		fmt.Fprintf(&encoded, "%%%02X", w.token[i])
	}
	huge := w.token + strings.Repeat("A", 1<<20-len(w.token)-100) // as much as net/http takes
	for name, token := range map[string]string{
		"space behind":      w.token + " ",
		"space in front":    " " + w.token,
		"tab behind":        w.token + "\t",
		"newline behind":    w.token + "\n",
		"no-break space":    w.token + "\u00a0",
		"upper case":        strings.ToUpper(w.token),
		"lower case":        strings.ToLower(w.token),
		"one letter's case": flip(w.token),
		"NUL behind":        w.token + "\x00",
		"NUL and more":      w.token + "\x00x",
		"NUL in front":      "\x00" + w.token,
		"cut off":           w.token[:len(w.token)-1],
		"padded":            w.token + "=",
		"twice":             w.token + w.token,
		"a list":            w.token + "," + w.token,
		"double encoding":   encoded.String(),
		"quoted":            `"` + w.token + `"`,
		"wide letters":      strings.ReplaceAll(w.token, "e", "\uff45"),
		"soft hyphen":       w.token + "\u00ad",
		"1 MB":              huge,
	} {
		for way, a := range send(token) {
			if name == "1 MB" && way != "query" {
				if a.Status != 413 {
					t.Errorf("%s in %s: got %d, want 413", name, way, a.Status)
				}
				if n := read.Load(); n > 5<<10 {
					t.Errorf("%s in %s: %d bytes were read, want no more than a little over 4 KiB", name, way, n)
				}
				continue
			}
			if got := look(a); got != unknown {
				t.Errorf("%s in %s: got %.300s\nwant the answer to an unknown one: %s", name, way, got, unknown)
			}
		}
	}
	before := spy.Lookups()
	send(huge)
	if n := spy.Lookups() - before; n != 0 {
		t.Errorf("1 MB: the store was asked %d times, want not at all", n)
	}
	if n := spy.Changes(); n != 0 {
		t.Errorf("got %d changes, want none", n)
	}
	w.wantState(t, "at the end", "pending")
	// Encoded once, it is the same token.
	s.Do("GET", callback(app)+"?result=true&session_token="+encoded.String(), "")
	w.wantState(t, "percent-encoded", "approved")
}

// quote writes a JSON string.
func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// counted counts what is read of a body.
type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func TestA09_AmbiguousReports(t *testing.T) {
	t.Parallel()
	app := gatetest.New(t)
	w := wait(t, app, alice)
	spy := app.Spy()
	s := service(t, app)
	for _, c := range []struct{ name, method, query, contentType, body string }{
		{"nothing", "GET", "", "", ""},
		{"no result", "GET", "session_token=@T", "", ""},
		{"no token", "GET", "result=true", "", ""},
		{"empty result", "GET", "result=&session_token=@T", "", ""},
		{"result without value", "GET", "result&session_token=@T", "", ""},
		{"empty token", "GET", "result=true&session_token=", "", ""},
		{"result twice", "GET", "result=true&result=false&session_token=@T", "", ""},
		{"result twice alike", "GET", "result=true&result=true&session_token=@T", "", ""},
		{"result and empty", "GET", "result=true&result=&session_token=@T", "", ""},
		{"token twice", "GET", "result=true&session_token=@T&session_token=other", "", ""},
		{"token twice alike", "GET", "result=true&session_token=@T&session_token=@T", "", ""},
		{"name encoded", "GET", "result=true&res%75lt=false&session_token=@T", "", ""},
		{"TRUE", "GET", "result=TRUE&session_token=@T", "", ""},
		{"True", "GET", "result=True&session_token=@T", "", ""},
		{"1", "GET", "result=1&session_token=@T", "", ""},
		{"0", "GET", "result=0&session_token=@T", "", ""},
		{"yes", "GET", "result=yes&session_token=@T", "", ""},
		{"space behind", "GET", "result=true%20&session_token=@T", "", ""},
		{"plus behind", "GET", "result=true+&session_token=@T", "", ""},
		{"space in front", "GET", "result=%20true&session_token=@T", "", ""},
		{"NUL", "GET", "result=true%00&session_token=@T", "", ""},
		{"newline", "GET", "result=true%0a&session_token=@T", "", ""},
		{"quotes", "GET", "result=%22true%22&session_token=@T", "", ""},
		{"truefalse", "GET", "result=truefalse&session_token=@T", "", ""},
		{"list", "GET", "result=true,false&session_token=@T", "", ""},
		{"array", "GET", "result[]=true&session_token=@T", "", ""},
		{"other name", "GET", "Result=true&session_token=@T", "", ""},
		{"other token name", "GET", "result=true&Session_Token=T", "", ""},
		{"semicolon", "GET", "result=true;session_token=@T", "", ""},
		{"semicolons", "GET", "result=true&session_token=@T;x=y", "", ""},
		{"bad escape", "GET", "result=true&session_token=@T&x=%zz", "", ""},
		{"double escape", "GET", "result=%2574rue&session_token=@T", "", ""},

		{"form: no result", "POST", "", form, "session_token=@T"},
		{"form: no token", "POST", "", form, "result=true"},
		{"form: result twice", "POST", "", form, "result=true&result=false&session_token=@T"},
		{"form: token twice", "POST", "", form, "result=true&session_token=@T&session_token=@T"},
		{"form: TRUE", "POST", "", form, "result=TRUE&session_token=@T"},
		{"form: semicolon", "POST", "", form, "result=true;session_token=@T"},
		{"form: nothing", "POST", "", form, ""},
		{"form: JSON inside", "POST", "", form, `{"result":true,"session_token":"@T"}`},
		{"query and form disagree on result", "POST", "result=false", form, "result=true&session_token=@T"},
		{"query and form disagree on token", "POST", "session_token=other", form, "result=true&session_token=@T"},
		{"query and form disagree, whole", "POST", "result=false&session_token=@T", form, "result=true&session_token=@T"},
		{"query empty, form not", "POST", "result=&session_token=@T", form, "result=true&session_token=@T"},
		{"form empty, query not", "POST", "result=true&session_token=@T", form, "result=&session_token=@T"},
		{"query twice, form once", "POST", "result=true&result=true", form, "result=true&session_token=@T"},

		{"JSON: nothing", "POST", "", js, ""},
		{"JSON: null", "POST", "", js, "null"},
		{"JSON: a list", "POST", "", js, `[{"result":true,"session_token":"@T"}]`},
		{"JSON: a string", "POST", "", js, `"result=true&session_token=@T"`},
		{"JSON: duplicate result", "POST", "", js, `{"result":true,"result":false,"session_token":"@T"}`},
		{"JSON: duplicate alike", "POST", "", js, `{"result":true,"result":true,"session_token":"@T"}`},
		{"JSON: duplicate, one escaped", "POST", "", js, `{"result":true,"resul\u0074":false,"session_token":"@T"}`},
		{"JSON: duplicate token", "POST", "", js, `{"result":true,"session_token":"other","session_token":"@T"}`},
		{"JSON: name in capitals", "POST", "", js, `{"RESULT":true,"session_token":"@T"}`},
		{"JSON: no result", "POST", "", js, `{"session_token":"@T"}`},
		{"JSON: result null", "POST", "", js, `{"result":null,"session_token":"@T"}`},
		{"JSON: result 1", "POST", "", js, `{"result":1,"session_token":"@T"}`},
		{"JSON: result TRUE", "POST", "", js, `{"result":"TRUE","session_token":"@T"}`},
		{"JSON: result a list", "POST", "", js, `{"result":[true],"session_token":"@T"}`},
		{"JSON: token a list", "POST", "", js, `{"result":true,"session_token":["@T"]}`},
		{"JSON: token null", "POST", "", js, `{"result":true,"session_token":null}`},
		{"JSON: token true", "POST", "", js, `{"result":true,"session_token":""}`},
		{"JSON: nested", "POST", "", js, `{"data":{"result":true,"session_token":"@T"}}`},
		{"JSON: two objects", "POST", "", js, `{"result":true,"session_token":"@T"}{"result":false,"session_token":"@T"}`},
		{"JSON: text behind", "POST", "", js, `{"result":true,"session_token":"@T"} x`},
		{"JSON: cut off", "POST", "", js, `{"result":true,"session_token":"@T"`},
		{"JSON: comma", "POST", "", js, `{"result":true,"session_token":"@T",}`},
		{"JSON: form inside", "POST", "", js, "result=true&session_token=@T"},
		{"query and JSON disagree", "POST", "result=false", js, `{"result":true,"session_token":"@T"}`},
		{"query and JSON disagree on token", "POST", "session_token=other", js, `{"result":true,"session_token":"@T"}`},

		{"GET: form disagrees", "GET", "result=true&session_token=@T", form, "result=false&session_token=@T"},
		{"GET: JSON disagrees", "GET", "result=true&session_token=@T", js, `{"result":false,"session_token":"@T"}`},
		{"GET: body malformed", "GET", "result=true&session_token=@T", js, `{`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []string{"true", "false"} {
				// Each row the other way round too: a rejection is a change as well.
				swap := strings.NewReplacer("@T", w.token, "true", r, "false", map[string]string{"true": "false", "false": "true"}[r])
				head := []string{"Content-Type", c.contentType}
				if c.contentType == "" {
					head = nil
				}
				a := s.Do(c.method, callback(app)+"?"+swap.Replace(c.query), swap.Replace(c.body), head...)
				if a.Status != 400 {
					t.Errorf("%s: got %d %s, want 400", r, a.Status, a.Body)
				}
			}
		})
	}
	for _, c := range []struct {
		contentType, body string
		want              int
	}{
		{"text/plain", "result=true&session_token=@T", 415},
		{"", "result=true&session_token=@T", 415},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"result\"\r\n\r\ntrue\r\n--x--", 415},
		{"application/xml", "<result>true</result>", 415},
		{";", "result=true&session_token=@T", 415},
		{form, "result=true&session_token=@T&pad=" + strings.Repeat("x", 4<<10), 413},
		{js, `{"result":true,"session_token":"@T"}` + strings.Repeat(" ", 4<<10), 413},
	} {
		a := s.Do("POST", callback(app), strings.ReplaceAll(c.body, "@T", w.token), "Content-Type", c.contentType)
		if a.Status != c.want {
			t.Errorf("%.20s %.20q: got %d, want %d", c.contentType, c.body, a.Status, c.want)
		}
	}
	a := s.Do("POST", callback(app), "result=true&session_token="+w.token, "Content-Type", form, "Content-Type", js)
	if a.Status != 415 {
		t.Errorf("two content types: got %d, want 415", a.Status)
	}
	if n := spy.Changes(); n != 0 {
		t.Errorf("got %d changes, want none", n)
	}
	w.wantState(t, "at the end", "pending")
}

// What is meant in one way only is taken, however it is sent.
func TestPlainReports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, method, query, contentType, body string }{
		{"query", "GET", "result=R&session_token=T", "", ""},
		{"query, more besides", "GET", "result=R&session_token=T&lang=en", "", ""},
		{"query, empty body of a type", "GET", "result=R&session_token=T", js, ""},
		{"query, by POST", "POST", "result=R&session_token=T", "", ""},
		{"query, by POST of a type", "POST", "result=R&session_token=T", "text/plain", ""},
		{"form", "POST", "", form, "result=R&session_token=T"},
		{"form with charset", "POST", "", form + "; charset=utf-8", "session_token=T&result=R"},
		{"JSON", "POST", "", js, `{"result":R,"session_token":"T"}`},
		{"JSON, string", "POST", "", js, `{"result":"R","session_token":"T"}`},
		{"JSON with charset", "POST", "", js + "; charset=utf-8", "\n{\"session_token\": \"T\", \"result\": R}\n"},
		{"both alike", "POST", "result=R&session_token=T", form, "result=R&session_token=T"},
		{"one each", "POST", "session_token=T", js, `{"result":R}`},
	} {
		for r, want := range map[string]string{"true": "approved", "false": "rejected"} {
			t.Run(c.name+"/"+r, func(t *testing.T) {
				t.Parallel()
				app := gatetest.New(t)
				w := wait(t, app, alice)
				fill := strings.NewReplacer("T", w.token, "R", r)
				head := []string{"Content-Type", c.contentType}
				if c.contentType == "" {
					head = nil
				}
				if a := service(t, app).Do(c.method, callback(app)+"?"+fill.Replace(c.query), fill.Replace(c.body), head...); a.Status != 200 {
					t.Errorf("got %d %s, want 200", a.Status, a.Body)
				}
				w.wantState(t, "after the report", want)
			})
		}
	}
}

func TestA10_OtherMethodsOfTheCallback(t *testing.T) {
	t.Parallel()
	app := gatetest.New(t)
	w := wait(t, app, alice)
	spy := app.Spy()
	for _, method := range []string{"HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get", "PROPFIND"} {
		a := service(t, app).Do(method, callback(app)+query(w.token, "true"), query(w.token, "true")[1:], "Content-Type", form, "X-HTTP-Method-Override", "GET")
		if allow := a.Header.Get("Allow"); a.Status != 405 || allow != "GET, POST" {
			t.Errorf("%s: got %d, Allow %q, want 405 and GET, POST", method, a.Status, allow)
		}
	}
	if n := spy.Changes(); n != 0 {
		t.Errorf("got %d changes, want none", n)
	}
	w.wantState(t, "at the end", "pending")
}

func TestA10_FloodOfUnknownTokens(t *testing.T) {
	t.Parallel()
	app := gatetest.New(t)
	w := wait(t, app, alice)
	report(t, app, w.token, "true")
	w.unlock(t)
	spy := app.Spy()
	commits := app.Scs.Commits()
	want := look(app.Browser(t).GetJSON(callback(app) + query(w.token, "true"))) // one that was known
	s := service(t, app)
	for i := range 300 {
		r := []string{"true", "false"}[i%2]
		token := fmt.Sprintf("token %d", i)
		a := s.GetJSON(callback(app) + query(token, r))
		if i%3 == 0 {
			a = s.PostJSON(callback(app), fmt.Sprintf(`{"result":%s,"session_token":%q}`, r, token))
		}
		if got := look(a); got != want {
			t.Fatalf("token %d: got %s\nwant %s", i, got, want)
		}
	}
	if n := spy.Changes(); n != 0 {
		t.Errorf("got %d records made or changed, want none", n)
	}
	if n := app.Scs.Commits() - commits; n != 0 {
		t.Errorf("got %d sessions saved, want none", n)
	}
	w.WantIn("at the end")
}

func FuzzCallback(f *testing.F) {
	var h http.Handler
	app := gatetest.New(f, gatetest.Setup{Wrap: func(app *gatetest.App, mux http.Handler) http.Handler {
		h = app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		return h
	}})
	spy := app.Spy()
	const token = "T.0"
	sum := sha256.Sum256([]byte(token))
	id := base64.RawURLEncoding.EncodeToString(sum[:])
	// Not an account's live one, so that it is only the reports that move it.
	renew := func() {
		ch := store.Challenge{ID: id, UserID: "nobody", ExpiresAt: app.Clock.Now().Add(time.Minute), ForgetAt: app.Clock.Now()}
		if _, err := app.Store.DeleteExpired(context.Background(), app.Clock.Now(), 10); err != nil {
			f.Fatal(err)
		}
		if err := app.Store.CreateChallenge(context.Background(), ch); err != nil {
			f.Fatal(err)
		}
	}
	renew()
	for _, s := range []struct{ query, contentType, body string }{
		{"result=true&session_token=T.0", "", ""},
		{"result=false&session_token=T.0", form, "result=false"},
		{"result=true&result=false&session_token=T.0", "", ""},
		{"", form, "result=true&session_token=T.0"},
		{"session_token=T.0", js, `{"result":true}`},
		{"", js, `{"result":true,"session_token":"T.0"}`},
		{"", js, `{"result":true,"result":false,"session_token":"T.0"}`},
		{"", js, `{"result":"true","session_token":"T.0"}{}`},
		{"", js + "; charset=utf-8", `{"session\u005ftoken":"T.0","result":"false","x":"y"}`},
		{"result=true;session_token=T.0", "text/plain", "x"},
	} {
		f.Add("GET", s.query, s.contentType, s.body)
		f.Add("POST", s.query, s.contentType, s.body)
	}
	f.Fuzz(func(t *testing.T, method, query, contentType, body string) {
		r := httptest.NewRequest("POST", callback(app), strings.NewReader(body))
		r.Method, r.URL.RawQuery = method, query
		r.Header.Set("Content-Type", contentType)
		approved, rejected := spy.Moves(store.Pending, store.Approved), spy.Moves(store.Pending, store.Rejected)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		approved, rejected = spy.Moves(store.Pending, store.Approved)-approved, spy.Moves(store.Pending, store.Rejected)-rejected
		if !slices.Contains([]int{200, 400, 405, 413, 415}, w.Code) {
			t.Errorf("got status %d", w.Code)
		}
		if approved+rejected == 0 {
			return
		}
		renew()
		if w.Code != 200 {
			t.Errorf("got status %d, and the state has changed", w.Code)
		}
		want := map[bool]string{true: "true", false: "false"}[approved == 1]
		results, tokens := said(query, contentType, body)
		for _, result := range results {
			if result != want {
				t.Errorf("it was taken as %s and says %q", want, results)
			}
		}
		for _, s := range tokens {
			if s != token {
				t.Errorf("it was taken for %q and says %q", token, tokens)
			}
		}
		if len(results) == 0 || len(tokens) == 0 || method != "GET" && method != "POST" {
			t.Errorf("it was taken by %s, and says %q and %q", method, results, tokens)
		}
	})
}

// said is every value that a report gives, by anybody's reading of it.
func said(query, contentType, body string) (results, tokens []string) {
	for _, s := range []string{query, body} {
		values, _ := url.ParseQuery(s)
		if s == body && strings.Contains(contentType, "json") {
			continue
		}
		results = append(results, values["result"]...)
		tokens = append(tokens, values["session_token"]...)
	}
	var object struct {
		Result any    `json:"result"`
		Token  string `json:"session_token"`
	}
	if json.Unmarshal([]byte(body), &object) == nil {
		if object.Result != nil {
			results = append(results, fmt.Sprint(object.Result))
		}
		if object.Token != "" {
			tokens = append(tokens, object.Token)
		}
	}
	return results, tokens
}
