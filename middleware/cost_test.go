package middleware_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// verified returns a handler behind LoadAndSave, with the gate or without, and a
// request of a verified session for it.
func verified(tb testing.TB) (app *apptest.App, guarded, bare http.Handler, request func() *http.Request) {
	tb.Helper()
	app, guarded, bare, request, _ = sessions(tb)
	return app, guarded, bare, request
}

// sessions is verified with a request of a session that the gate keeps nothing
// in, besides.
func sessions(tb testing.TB) (app *apptest.App, guarded, bare http.Handler, marked, unmarked func() *http.Request) {
	tb.Helper()
	user := func(r *http.Request) (middleware.User, error) {
		id := app.Sessions.GetString(r.Context(), apptest.KeyUser)
		return middleware.User{ID: id, Email: strings.TrimPrefix(id, "id of ")}, nil
	}
	app = apptest.New(tb, apptest.Setup{Options: []middleware.Option{
		middleware.WithUser(user), middleware.WithClock(time.Now),
		middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(time.Hour) }),
	}})
	phone := app.Enrolled(tb, alice)
	b := app.Stopped(tb, alice)
	apptest.Approve(tb, phone)
	b.WantIn("before measuring")
	plain := app.Browser(tb).Login(bob)

	build := func(use ...func(http.Handler) http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(use...)
		r.Get("/account", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		return r
	}
	request := func(b *apptest.Browser) func() *http.Request {
		cookie := "session=" + b.Cookie("session")
		return func() *http.Request {
			r := httptest.NewRequest(http.MethodGet, "/account", nil)
			r.Header.Set("Cookie", cookie)
			return r
		}
	}
	// What any application does without a gate: find out who is logged in.
	identify := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if u, err := user(r); err != nil || u.ID == "" {
				http.Error(w, "who?", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	return app, build(app.Sessions.LoadAndSave, app.Gate.Handler), build(app.Sessions.LoadAndSave, identify), request(b), request(plain)
}

// nothing is a ResponseWriter that costs nothing.
type nothing struct{ h http.Header }

func (n nothing) Header() http.Header         { return n.h }
func (n nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n nothing) WriteHeader(int)             {}

func TestGuardAllocations(t *testing.T) {
	_, guarded, bare, request := verified(t)
	count := func(h http.Handler) (objects, bytes uint64) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // nobody else allocates meanwhile
		r, w := request(), nothing{http.Header{}}
		serve := func() {
			clear(w.h)
			h.ServeHTTP(w, r)
		}
		serve()
		// The least of several runs: under the race detector, pools that scs's
		// decoder uses throw things away at random.
		objects, bytes = math.MaxUint64, math.MaxUint64
		for range 30 {
			const n = 100
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range n {
				serve()
			}
			runtime.ReadMemStats(&after)
			objects = min(objects, (after.Mallocs-before.Mallocs)/n)
			bytes = min(bytes, (after.TotalAlloc-before.TotalAlloc)/n)
		}
		return objects, bytes
	}
	objects, bytes := count(guarded)
	bareObjects, bareBytes := count(bare)
	// Both look up the user. The gate's own are what it costs to ask scs twice:
	// for the session's grant, and whether the session was changed.
	if objects -= bareObjects; objects != 2 {
		t.Errorf("the guard allocates %d times a request, want 2", objects)
	}
	// 32, but for what the race detector's dice leave in the difference; any
	// other object would add 16 at least.
	if bytes -= bareBytes; bytes >= 32+16 {
		t.Errorf("the guard allocates %d bytes a request, want 32", bytes)
	}
}

func TestPassingRequestWritesNothing(t *testing.T) {
	app, guarded, _, request := verified(t)
	guarded.ServeHTTP(nothing{http.Header{}}, request()) // warms the cache
	asked, commits := app.Store.Asked(), app.Scs.Commits()
	for range 100 {
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, request())
		if w.Code != http.StatusNoContent || w.Header().Get("Set-Cookie") != "" {
			t.Fatalf("got %d, cookie %q, want 204 and none", w.Code, w.Header().Get("Set-Cookie"))
		}
	}
	expect.Equal(t, app.Store.Asked()-asked, 0, "times the store was asked")
	expect.Equal(t, app.Scs.Commits()-commits, 0, "times the session was saved")
}

// BenchmarkGuard compares a guarded route with a bare one, on the same session
// (the goal is 1.03) and on a session that the gate keeps nothing in (1.05), in
// turns of some 20 ms.
func BenchmarkGuard(b *testing.B) {
	_, guarded, bare, marked, unmarked := sessions(b)
	b.Run("same-session", func(b *testing.B) { compare(b, guarded, marked(), bare, marked()) })
	b.Run("unmarked-session", func(b *testing.B) { compare(b, guarded, marked(), bare, unmarked()) })
}

func compare(b *testing.B, x http.Handler, xr *http.Request, y http.Handler, yr *http.Request) {
	const turn = 1000
	w := nothing{http.Header{}}
	run := func(h http.Handler, r *http.Request) time.Duration {
		start := time.Now()
		for range turn {
			clear(w.h)
			h.ServeHTTP(w, r)
		}
		return time.Since(start)
	}
	run(y, yr)
	run(x, xr)
	// The median, so that whatever else the machine does in some turns doesn't
	// count.
	var ratios, own []float64
	for b.Loop() {
		without, with := run(y, yr), run(x, xr)
		ratios = append(ratios, float64(with)/float64(without))
		own = append(own, float64(with-without)/turn)
	}
	slices.Sort(ratios)
	slices.Sort(own)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(own[len(own)/2], "own-ns/request")
	b.ReportMetric(0, "ns/op")
}
