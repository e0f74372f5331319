package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	chimw "github.com/go-chi/chi/v5/middleware"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

const (
	alice = "alice@example.com"
	bob   = "bob@example.com"

	form = "application/x-www-form-urlencoded"
	js   = "application/json"
)

func TestA01_BrowserCallsTheCallback(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	other, err := middleware.New(middleware.WithSessions(app.Sessions), middleware.WithService(app.Emulator.Client()),
		middleware.WithStore(store.NewMemory()), middleware.WithUser(func(*http.Request) (middleware.User, error) { return middleware.User{}, nil }),
		middleware.WithIssuer("Other"), middleware.WithKey([]byte("another key of thirty-two bytes.")), middleware.WithOrigin(app.URL), middleware.WithInsecureCookie())
	expect.NoError(t, err)
	right := callback(app)
	for name, path := range map[string]string{
		"none":             "/2fa/callback",
		"empty":            "/2fa/callback/",
		"a guess":          "/2fa/callback/secret",
		"a placeholder":    "/2fa/callback/{secret}",
		"the token":        "/2fa/callback/" + w.token,
		"of another key":   apptest.CallbackPath(other),
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
		answers := []apptest.Answer{
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
	realIP := func(app *apptest.App, mux http.Handler) http.Handler {
		//lint:ignore SA1019 it believes headers: that is what we defend against
		return chimw.RealIP(app.Sessions.LoadAndSave(app.Gate.Handler(mux)))
	}
	for _, c := range []struct {
		name    string
		options []middleware.Option
		wrap    func(*apptest.App, http.Handler) http.Handler
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
			app := apptest.New(t, apptest.Setup{Options: c.options, Wrap: c.wrap})
			w := wait(t, app, alice)
			target := callback(app) + query(w.token, "true")
			s := service(t, app)
			answers := []apptest.Answer{
				s.Do("GET", target, "", forged(service4.String())...),
				s.Do("GET", target, "", forged("127.0.0.1")...),
				s.Do("POST", callback(app), query(w.token, "true")[1:], append(forged(service4.String()), "Content-Type", form)...),
			}
			if c.wrap == nil {
				answers = append(answers, s.Do("GET", target, ""))
			}
			for _, a := range answers {
				a.Want(t, c.want)
			}
			if c.want == 200 {
				w.wantState(t, "from inside", "approved")
				return
			}
			w.wantState(t, "from outside", "pending")
			w.WantLocked("from outside")
			expect.Contains(t, app.Log.String(), "outside the networks", "the log")
		})
	}
}

// tooLate is what is logged of a report that comes too late.
const tooLate = `"eagate: late_report"`

func TestA03_TrueThenFalse(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	report(t, app, w.token, "true")
	report(t, app, w.token, "false")
	w.wantState(t, "true, then false", "approved")
	expect.Equal(t, strings.Count(app.Log.String(), tooLate), 1, "events")
	w.unlock(t)
	report(t, app, w.token, "false")
	w.WantIn("false after the unlock")
	expect.Equal(t, strings.Count(app.Log.String(), tooLate), 2, "events after the unlock")
	// Nor does it count as a rejection.
	expect.Equal(t, app.Stopped(t, alice).GetJSON("/2fa/challenge/status").JSON("state"), "pending", "next login")
}

func TestA04_FalseThenTrue(t *testing.T) {
	t.Parallel()
	for state, setup := range map[string]apptest.Setup{"not_approved": {}, "rejected": apptest.Rejecting()} {
		app := apptest.New(t, setup)
		w := wait(t, app, alice)
		report(t, app, w.token, "false")
		report(t, app, w.token, "true")
		w.wantState(t, "false, then true", state)
		w.WantLockedOrOut("false, then true: " + state)
		expect.Equal(t, strings.Count(app.Log.String(), tooLate), 1, "%s, events", state)
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
			w.Post("/2fa/challenge/totp", "code", apptest.Code(t, w.phone)).Want(t, 303, "code")
		}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			w := wait(t, app, alice)
			former := w.Copy() // a thief's, who kept the cookie
			c.before(t, w)
			spy := app.Spy(t)
			for range 3 {
				report(t, app, w.token, "true")
			}
			expect.Equal(t, spy.Changes()-c.moves, 0, "changes too many")
			expect.Differ(t, former.GetJSON("/account").Header.Get("X-Verified"), "true", "the former cookie: verified")
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
	world := apptest.NewWorld(t)
	patient := apptest.Setup{Options: []middleware.Option{middleware.WithStoreTimeout(30 * time.Second)}} // on a busy machine, too
	nodes := []*apptest.App{world.Node(t, patient), world.Node(t, patient)}
	w := wait(t, nodes[0], alice)
	spy := world.Spy(t)

	atOnce(100, func(i int) {
		app := nodes[i%2]
		app.Browser(t).GetJSON(callback(app)+query(w.token, "true")).Want(t, 200, "report")
	})
	expect.Equal(t, spy.Moves(records.Pending, records.Approved), 1, "approvals")
	world.Store.SetInner(&gathering{Backend: world.Store.Inner(), wait: 10, all: make(chan struct{})})

	var pages, cookies atomic.Int64
	var seen sync.Map
	atOnce(100, func(i int) {
		a := w.On(nodes[i%2]).Copy().Get("/account")
		if a.Secret() && a.Header.Get("X-User") != "" { // nobody's page passes, while the session has neither ID
			pages.Add(1)
		}
		for _, c := range a.Header["Set-Cookie"] {
			id, _, _ := strings.Cut(c, ";") // set by us and by scs
			if _, again := seen.LoadOrStore(id, true); strings.HasPrefix(id, "session=") && !again {
				cookies.Add(1)
			}
		}
	})
	expect.Equal(t, spy.Moves(records.Approved, records.Consumed), 1, "unlocks")
	if pages.Load() != 1 || cookies.Load() != 1 || spy.Grants() != 1 {
		t.Errorf("got %d pages, %d new session cookies, %d grants, want 1 of each", pages.Load(), cookies.Load(), spy.Grants())
	}
}

// gathering lets no grant be made before several are about to be: of requests
// that have all seen the approval.
type gathering struct {
	store.Backend
	wait int64
	n    atomic.Int64
	all  chan struct{}
}

func (g *gathering) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if kind == store.Grants && doc.Version == 0 {
		if g.n.Add(1) == g.wait {
			close(g.all)
		}
		select {
		case <-g.all:
		case <-ctx.Done():
		}
	}
	return g.Backend.Put(ctx, kind, doc)
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
	app := apptest.New(t)
	a, b := wait(t, app, alice), wait(t, app, bob)
	second := app.Browser(t).Login(alice) // of the same user, with no challenge of its own

	report(t, app, b.token, "true")
	a.wantState(t, "bob's report, alice", "pending")
	b.wantState(t, "bob's report, bob", "approved")
	a.WantLocked("bob's report, alice")

	report(t, app, a.token, "true")
	expect.Equal(t, second.GetJSON("/2fa/challenge/status").JSON("state"), "none", "alice's other session")
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
	app := apptest.New(t, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		inner := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			read.Store(0)
			r.Body = counted{r.Body, &read}
			inner.ServeHTTP(w, r)
		})
	}})
	w := wait(t, app, alice)
	spy := app.Spy(t)
	s := service(t, app)
	send := func(token string) map[string]apptest.Answer {
		values := query(token, "true")[1:]
		return map[string]apptest.Answer{
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
				a.Want(t, 413, "%s in %s", name, way)
				if n := read.Load(); n > 5<<10 {
					t.Errorf("%s in %s: %d bytes were read, want no more than a little over 4 KiB", name, way, n)
				}
				continue
			}
			expect.Equal(t, look(a), unknown, "%s in %s", name, way)
		}
	}
	await(t, "1 MB that the store isn't asked for", func() bool {
		before := spy.Lookups()
		send(huge)
		return spy.Lookups() == before // but for the page that waits, once a second
	})
	expect.Equal(t, spy.Changes(), 0, "changes")
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

func TestA10_OtherMethodsOfTheCallback(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	spy := app.Spy(t)
	for _, method := range []string{"HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get", "PROPFIND"} {
		a := service(t, app).Do(method, callback(app)+query(w.token, "true"), query(w.token, "true")[1:], "Content-Type", form, "X-HTTP-Method-Override", "GET")
		if allow := a.Header.Get("Allow"); a.Status != 405 || allow != "GET, POST" {
			t.Errorf("%s: got %d, Allow %q, want 405 and GET, POST", method, a.Status, allow)
		}
	}
	expect.Equal(t, spy.Changes(), 0, "changes")
	w.wantState(t, "at the end", "pending")
}

func TestA10_FloodOfUnknownTokens(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	report(t, app, w.token, "true")
	w.unlock(t)
	spy := app.Spy(t)
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
		expect.Equal(t, look(a), want, "token %d", i)
	}
	expect.Equal(t, spy.Changes(), 0, "records made or changed")
	expect.Equal(t, app.Scs.Commits()-commits, 0, "sessions saved")
	w.WantIn("at the end")
}
