package routetest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	chimw "github.com/go-chi/chi/v5/middleware"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/middleware/routetest"
)

// wantFaults compares what was found, each as "fault methods pattern exemption".
func wantFaults(t *testing.T, err error, want ...string) {
	t.Helper()
	var got []string
	for _, e := range routeErrors(t, err) {
		line := e.Fault.String() + " " + strings.Join(append(slices.Sorted(slices.Values(e.Methods)), e.Pattern), " ")
		if e.Exemption != "" {
			line += " by " + e.Exemption
		}
		if e.Status != 0 {
			line += fmt.Sprint(" after ", e.Status)
		}
		got = append(got, line)
	}
	slices.Sort(got)
	slices.Sort(want)
	expect.Slice(t, got, want)
}

func routeErrors(t *testing.T, err error) (found []*routetest.Error) {
	t.Helper()
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %T %v, want joined errors", err, err)
	}
	for _, err := range joined.Unwrap() {
		e, ok := err.(*routetest.Error)
		if !ok {
			t.Fatalf("got %T %v, want an *Error", err, err)
		}
		found = append(found, e)
	}
	return found
}

// A set is a router with what its parts need.
type set struct {
	chi.Router
	gate *middleware.Gate
	load func(http.Handler) http.Handler
	app  http.HandlerFunc
}

func TestCheck(t *testing.T) {
	t.Parallel()
	refuse := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	}
	for name, test := range map[string]struct {
		exempt []string
		build  func(set)
		public []string
		want   []string
	}{
		"Use": {
			build: func(s set) {
				s.Use(s.load, s.gate.Handler)
				s.Get("/", s.app)
				s.Get("/users/{id:[0-9]{3}-[a-f]+}/*", s.app)
				s.Handle("/any", s.app)
				s.NotFound(s.app)
				s.MethodNotAllowed(s.app)
			},
		},
		"no gate": {
			build: func(s set) {
				s.Use(s.load)
				s.Get("/account", s.app)
				s.Post("/account", s.app)
				s.Get("/login", s.app)
				s.Handle("/any", s.app)
			},
			public: []string{"GET /login"},
			want:   []string{"unguarded GET POST /account", "unguarded /any"},
		},
		"Group": {
			build: func(s set) {
				s.Use(s.load)
				s.Mount("/2fa", s.gate.Routes())
				s.Get("/login", s.app)
				s.Get("/forgotten", s.app)
				s.Group(func(r chi.Router) {
					r.Use(s.gate.Require)
					r.Get("/account", s.app)
					r.Group(func(r chi.Router) {
						r.Use(chimw.NoCache)
						r.Get("/account/settings", s.app)
					})
				})
				s.Get("/2fa/mine", s.app)
			},
			public: []string{"GET /login"},
			want:   []string{"unguarded GET /forgotten", "unguarded GET /2fa/mine"},
		},
		"With": {
			build: func(s set) {
				s.With(s.load, s.gate.Require).Get("/account", s.app)
				s.With(s.load).Post("/account", s.app)
				s.With(s.load, s.gate.Require).Get("/users/{id:[0-9]{3}-[a-f]+}/{lang:en|th}.{any:.*}/{n:(?i)x?[^/]}/*", s.app)
			},
			want: []string{"unguarded POST /account"},
		},
		"Route and Mount, nested": {
			build: func(s set) {
				inner := chi.NewRouter()
				inner.Get("/", s.app)
				inner.Get("/{id}", s.app)
				s.Use(s.load)
				s.Route("/admin", func(r chi.Router) {
					r.Use(s.gate.Require)
					r.Mount("/users", inner)
					r.Route("/deep", func(r chi.Router) { r.Delete("/x", s.app) })
				})
				s.With(s.gate.Require).Mount("/with", inner)
				s.Mount("/outside", inner)
				s.Route("/api", func(r chi.Router) {
					r.Get("/", s.app)
					r.With(s.gate.Require).Get("/private", s.app)
					r.Route("/v1/{tenant}", func(r chi.Router) { r.Put("/x", s.app) })
				})
			},
			public: []string{"GET /api/"},
			want:   []string{"unguarded GET /outside/", "unguarded GET /outside/{id}", "unguarded PUT /api/v1/{tenant}/x"},
		},
		"mounted at the root": {
			build: func(s set) {
				sub := chi.NewRouter()
				sub.Use(s.load, s.gate.Handler)
				sub.Get("/account", s.app)
				s.Mount("/", sub)
				s.Get("/outside", s.app)
			},
			want: []string{"unguarded GET /outside"},
		},
		"what With returned, mounted": {
			build: func(s set) {
				sub := chi.NewRouter()
				with := sub.With(s.load, s.gate.Require)
				with.Get("/guarded", s.app)
				sub.Get("/open", s.app)
				s.Mount("/sub", with)
			},
			want: []string{"unguarded GET /sub/open"},
		},
		"any method": {
			exempt: []string{"GET /some"},
			build: func(s set) {
				s.Use(s.load, s.gate.Handler)
				s.HandleFunc("/some", s.app)
				s.HandleFunc("/all", s.app)
			},
			public: []string{"GET /some", "/all"},
			want:   []string{"public guarded /all"},
		},
		"not found": {
			build: func(s set) {
				s.NotFound(s.app)
				s.With(s.load, s.gate.Require).Get("/account", s.app)
			},
			want: []string{"unguarded NotFound"},
		},
		"not found is public": {
			build: func(s set) {
				s.NotFound(s.app)
				s.With(s.load, s.gate.Require).Get("/account", s.app)
			},
			public: []string{"NotFound"},
		},
		"exemption too wide": {
			exempt: []string{"/api/", "GET /static/"},
			build: func(s set) {
				s.Use(s.load, s.gate.Handler)
				s.Get("/api/ping", s.app)
				s.Get("/api/users/{id}", s.app)
				s.Handle("/api/any", s.app)
				s.Get("/static/*", s.app)
				s.Post("/static/*", s.app)
			},
			public: []string{"GET /api/ping", "GET /static/*"},
			want:   []string{"exempt GET /api/users/{id} by /api/", "exempt /api/any by /api/"},
		},
		"exempt, and guarded again": {
			exempt: []string{"/api/"},
			build: func(s set) {
				other, _ := newGate()
				s.Use(s.load, s.gate.Handler)
				s.With(other.Require).Get("/api/users", s.app)
				s.Get("/api/ping", s.app)
			},
			public: []string{"/api/ping"},
		},
		"the list": {
			exempt: []string{"/healthz"},
			build: func(s set) {
				s.Use(s.load, s.gate.Handler)
				s.Get("/healthz", s.app)
				s.Get("/login", s.app)
				s.Post("/login", s.app)
				s.Get("/account", s.app)
				s.Get("/users/{id}", s.app)
			},
			public: []string{"/healthz", "/login", "GET /old", "POST /account", "/users/7", "GET /account"},
			want:   []string{"public unknown GET /old", "public unknown POST /account", "public unknown /users/7", "public guarded GET /account"},
		},
		"in front, and behind": {
			exempt: []string{"/open"},
			build: func(s set) {
				s.Use(chimw.CleanPath, chimw.GetHead, refuse, s.load, http.NewCrossOriginProtection().Handler, s.gate.Handler, refuse, chimw.StripSlashes)
				s.Get("/account", s.app)
				s.Get("/open", s.app)
			},
			public: []string{"/open"},
		},
		"not reached": {
			build: func(s set) {
				s.With(s.load, s.gate.Require).Get("/account", s.app)
				s.With(refuse).Get("/metrics", s.app)
				s.With(refuse, s.gate.Require).Get("/both", s.app)
				s.With(func(next http.Handler) http.Handler { return refuse(s.gate.Require(next)) }).Get("/hidden", s.app)
				s.With(func(http.Handler) http.Handler {
					return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no such luck") })
				}).Get("/panics", s.app)
			},
			want: []string{"unreached GET /metrics after 401", "unreached GET /hidden after 401", "unreached GET /panics after 200"},
		},
		"led elsewhere": {
			build: func(s set) {
				s.Use(chimw.PathRewrite("/old/", "/new/"))
				s.Get("/new/page", s.app)
				s.Get("/old/page", s.app)
				s.Get("/{n:\\bx\\B}", s.app)
			},
			public: []string{"/new/page"},
			want:   []string{"unreached GET /old/page", "unreached GET /{n:\\bx\\B}"},
		},
		"led elsewhere behind": {
			exempt: []string{"/old/page"},
			build: func(s set) {
				s.Use(s.load, s.gate.Handler, refuse, chimw.PathRewrite("/old/", "/new/"))
				s.Get("/old/page", s.app)
			},
			want: []string{"unreached GET /old/page"},
		},
		"stripped in front": {
			exempt: []string{"/docs/"},
			build: func(s set) {
				s.Use(chimw.StripSlashes, s.load, s.gate.Handler)
				s.Get("/docs", s.app)
				s.Get("/login", s.app)
				s.Get("/account", s.app)
			},
			public: []string{"/login"},
			want:   []string{"exempt GET /docs by /docs/"},
		},
		"stripped behind": {
			exempt: []string{"/docs/"},
			build: func(s set) {
				s.Use(s.load, s.gate.Handler, chimw.StripSlashes)
				s.Get("/docs", s.app)
			},
			want: []string{"exempt GET /docs by /docs/"},
		},
		"format cut off": {
			exempt: []string{"GET /report.json"},
			build: func(s set) {
				s.Use(s.load, s.gate.Handler, chimw.URLFormat)
				s.Get("/report", s.app)
			},
			want: []string{"exempt GET /report by GET /report.json"},
		},
		"guarded on a condition": {
			build: func(s set) {
				api := func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }
				s.Use(s.load, chimw.Maybe(s.gate.Handler, api), chimw.CleanPath)
				s.Get("/api/users", s.app) // as "//api/users", too
				s.Get("/account", s.app)
			},
			want: []string{"unguarded GET /api/users", "unguarded GET /account"},
		},
		"around the handler": {
			build: func(s set) { s.Method("GET", "/account", s.gate.Require(s.app)) },
			want:  []string{"unguarded GET /account"},
		},
		"step-up by itself": {
			exempt: []string{"/keys", "/help"},
			build: func(s set) {
				s.Use(s.load, s.gate.Handler)
				s.With(s.gate.RequireRecent(time.Minute)).Get("/keys", s.app)
				s.Get("/help", s.app)
			},
			want: []string{"exempt GET /help by /help"},
		},
		"over a mounted one": {
			build: func(s set) {
				s.Use(s.load)
				s.Route("/admin", func(r chi.Router) {
					r.Use(s.gate.Require)
					r.Get("/users", s.app)
				})
				s.Get("/admin/*", s.app)
			},
			want: []string{"unguarded /admin/*", "unreached GET /admin/users"},
		},
		"behind another's expression": {
			build: func(s set) {
				s.Use(s.load)
				s.With(s.gate.Require).Get("/u/{slug:[a-z.-]+}", s.app)
				s.Get("/u/{id}", s.app)
			},
			want: []string{"unguarded GET /u/{id}"},
		},
		"behind another's expression, which takes all that is asked": {
			build: func(s set) {
				s.Use(s.load)
				s.With(s.gate.Require).Get("/u/{slug:[a-z0-9.-]+}", s.app)
				s.Get("/u/{id}", s.app)
			},
			want: []string{"unreached GET /u/{id}"},
		},
		"NotFound behind another": {
			build: func(s set) {
				s.Use(s.load)
				s.Route("/p", func(r chi.Router) {
					r.Use(chimw.CleanPath, chimw.StripSlashes)
					r.With(s.gate.Require).Get("/{slug}", s.app)
					r.NotFound(s.app)
				})
			},
			want: []string{"unguarded NotFound"},
		},
		"what can't be looked into": {
			build: func(s set) {
				s.Use(s.load)
				sub := chi.NewRouter()
				with := sub.With(s.gate.Require)
				with.Get("/guarded", s.app)
				sub.Get("/open", s.app)
				s.Mount("/s", struct{ chi.Router }{with})
			},
			want: []string{"unguarded /s/*"},
		},
		"below the gate's base": {
			build: func(s set) {
				s.Use(s.load, s.gate.Handler)
				s.Handle("/2fa/*", s.app)
				s.Get("/2fa/mine", s.app)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ran atomic.Int64
			gate, sessions := newGate(middleware.WithExempt(test.exempt...), middleware.WithLoginPath("/login"))
			s := set{chi.NewRouter(), gate, sessions.LoadAndSave, func(http.ResponseWriter, *http.Request) { ran.Add(1) }}
			test.build(s)
			var faults []error // but for those of TestCheckAsksForPages
			for _, e := range routeErrors(t, routetest.Check(s.Router, test.public...)) {
				if e.Fault != routetest.PagesMissing {
					faults = append(faults, e)
				}
			}
			wantFaults(t, errors.Join(faults...), test.want...)
			expect.Equal(t, ran.Load(), 0, "calls of the application's handlers")
		})
	}
}

func TestCheckPatterns(t *testing.T) {
	t.Parallel()
	var ran []string
	app := func(w http.ResponseWriter, r *http.Request) { ran = append(ran, r.Method+" "+r.URL.Path) }
	build := func(around bool, exempt ...string) http.Handler {
		gate, sessions := newGate(middleware.WithExempt(exempt...))
		guard := gate.Require
		if around {
			guard = func(next http.Handler) http.Handler { return next }
		}
		mux := http.NewServeMux()
		mux.Handle("/2fa/", gate.Routes())
		mux.Handle("GET /account", guard(http.HandlerFunc(app)))
		mux.Handle("POST /transfer/{id}", guard(http.HandlerFunc(app)))
		mux.Handle("files.example/get/{rest...}", guard(http.HandlerFunc(app)))
		mux.Handle("GET /{$}", guard(http.HandlerFunc(app)))
		mux.HandleFunc("/static/", app)
		mux.HandleFunc("GET /private", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
		mux.Handle("GET /keys", gate.RequireMethod(eagate.Push)(http.HandlerFunc(app)))
		mux.HandleFunc("GET /panics", func(http.ResponseWriter, *http.Request) { panic("no session") })
		if around {
			return sessions.LoadAndSave(gate.Handler(mux))
		}
		return sessions.LoadAndSave(mux)
	}
	patterns := []string{
		"/2fa/", "GET /account", "POST /transfer/{id}", "files.example/get/{rest...}", "GET /{$}", "/static/", "GET /private", "GET /keys", "GET /panics",
	}
	for name, test := range map[string]struct {
		handler  http.Handler
		patterns []string
		public   []string
		want     []string
		ran      []string
	}{
		"around": {
			handler: build(true, "/static/"), patterns: patterns, public: []string{"/static/"},
		},
		"around, too wide": {
			handler: build(true, "/static/", "/transfer/{any}", "/get/"), patterns: append(patterns, "POST /transfer/7"),
			want: []string{
				"exempt /static/ by /static/", "exempt POST /transfer/{id} by /transfer/{any}", "exempt POST /transfer/7 by /transfer/{any}",
				"exempt files.example/get/{rest...} by /get/",
			},
		},
		"one by one": {
			handler: build(false), patterns: patterns,
			want: []string{"unguarded /static/", "unreached GET /private after 403", "unguarded GET /panics"},
			ran:  []string{"GET /static/eagate-probe"},
		},
		"the list": {
			handler: build(false), patterns: patterns, public: []string{"/static/", "GET /private", "/panics", "GET /account", "/old", "POST /account"},
			want: []string{"public guarded GET /account", "public unknown /old", "public unknown POST /account"},
			ran:  []string{"GET /static/eagate-probe"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ran = nil
			wantFaults(t, routetest.CheckPatterns(test.handler, test.patterns, test.public...), test.want...)
			expect.Slice(t, ran, test.ran, "ran")
		})
	}
	gate, sessions := newGate(middleware.WithExempt("HEAD /account"))
	mux := http.NewServeMux()
	guard := func(h http.HandlerFunc) http.Handler { return gate.Require(h) }
	mux.Handle("GET /files/{name}", guard(app))
	mux.HandleFunc("GET /files/{path...}", app)
	mux.Handle("/x/{$}", guard(app))
	mux.Handle("/x/{page}", guard(app))
	mux.HandleFunc("/x/", app)
	mux.Handle("GET /account", guard(app))
	mux.HandleFunc("GET /events", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	wantFaults(t, routetest.CheckPatterns(sessions.LoadAndSave(mux), []string{
		"GET /files/{name}", "GET /files/{path...}", "/x/{$}", "/x/{page}", "/x/", "GET /account", "GET /events",
	}, "/2fa/"), "unguarded GET /files/{path...}", "unguarded /x/", "exempt HEAD /account by HEAD /account", "unguarded GET /events")
	mux = http.NewServeMux() // where no gate but the pages is met
	mux.Handle("/2fa/", gate.Routes())
	mux.HandleFunc("GET /open", app)
	wantFaults(t, routetest.CheckPatterns(sessions.LoadAndSave(mux), []string{"/2fa/", "GET /open"}), "unguarded GET /open")
	err := routetest.CheckPatterns(build(true), []string{"account", "GET account"})
	for _, want := range []string{`"account"`, `"GET account"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error about %s", err, want)
		}
	}
}

// CheckPatterns finds what the guard does with a locked session.
func TestCheckPatternsAgreesWithTheGuard(t *testing.T) {
	t.Parallel()
	var handler http.Handler
	app := apptest.New(t, apptest.Setup{
		Options: []middleware.Option{middleware.WithExempt("GET /healthz", "POST /hooks/{id}", "/static/", "GET /{$}")},
		Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
			r := http.NewServeMux()
			r.Handle("/login", mux)
			r.Handle("/logout", mux)
			r.Handle("/2fa/", mux)
			r.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "passed") }))
			handler = app.Sessions.LoadAndSave(app.Gate.Handler(r))
			return handler
		},
	})
	const email = "alice@example.com"
	app.Browser(t).Login(email).Enrol(email)
	b := app.Browser(t).Login(email)
	exempt := 0
	for _, path := range []string{
		"/", "/healthz", "/healthz/", "/hooks/7", "/hooks/", "/hooks/7/8", "/static/", "/static", "/static/x", "/static/../x", "/static//x", "//static/x",
		"/static/.x", "/static/a..b", "/static/a;b", "/account", "/logout",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "DELETE"} {
			if path == "/logout" && method == "POST" {
				continue // it would be one
			}
			a := b.Raw(method, path, "Accept", "application/json")
			err := routetest.CheckPatterns(handler, []string{method + " " + exact(path)})
			if passed := a.Status != http.StatusForbidden; passed != (err != nil) {
				t.Errorf("%s %s: got %d and %v, want both or neither to pass", method, path, a.Status, err)
			} else if passed {
				exempt++
			}
		}
	}
	expect.Differ(t, exempt, 0, "nothing was exempt")
}

// exact is the pattern of that path and none below it.
func exact(path string) string {
	if strings.HasSuffix(path, "/") {
		return path + "{$}"
	}
	return path
}

// A router that can't be copied isn't called fine.
func TestCheckOfAnotherRouter(t *testing.T) {
	if err := routetest.Check(struct{ chi.Router }{chi.NewRouter()}); err == nil || !strings.Contains(err.Error(), "pass the *chi.Mux") {
		t.Errorf("got %v, want what to do", err)
	}
}

// An error says what to do.
func TestError(t *testing.T) {
	t.Parallel()
	gate, sessions := newGate(middleware.WithExempt("/api/"))
	r := chi.NewRouter()
	r.Group(func(r chi.Router) {
		r.Use(sessions.LoadAndSave, gate.Require)
		r.Get("/api/users/{id}", nil)
		r.Get("/account", nil)
	})
	r.Get("/elsewhere", nil)
	r.With(func(http.Handler) http.Handler { return http.NotFoundHandler() }).Get("/behind", nil)
	err := routetest.Check(r, "/account", "GET /old")
	var e *routetest.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error in it", err)
	}
	for _, want := range []string{
		`"GET /api/users/{id}": exempt by "/api/" (asked for "/api/users/eagate-probe"): narrow`,
		`"GET /elsewhere": no gate before it (asked for "/elsewhere"): put it behind`,
		`"GET /behind": answered with 404 before any gate (asked for "/behind"): put the gate first`,
		`"GET /account": listed as public, but guarded: exempt it`,
		`"GET /old": listed as public, but there is no such route: take it off`,
	} {
		expect.Contains(t, err.Error(), "routetest: route "+want, "%v", err)
	}
}

// An application's middleware gets at the context of a check's requests. With it, requests
// get no further than without.
func TestContextOfACheckOpensNothing(t *testing.T) {
	t.Parallel()
	gate, sessions := newGate()
	var kept context.Context
	keep := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			kept = r.Context()
			next.ServeHTTP(w, r)
		})
	}
	r := chi.NewRouter()
	r.Use(sessions.LoadAndSave, keep, gate.Handler)
	r.Get("/account", nil)
	if err := routetest.Check(r); err != nil || kept == nil {
		t.Fatalf("got %v and the context %v, want none and one", err, kept)
	}
	for name, guard := range map[string]func(http.Handler) http.Handler{
		"Handler": gate.Handler, "Require": gate.Require,
		"RequireRecent": gate.RequireRecent(time.Minute), "RequireMethod": gate.RequireMethod(eagate.Push),
	} {
		guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			t.Errorf("%s: a guarded handler ran", name)
		})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/account", nil).WithContext(context.WithoutCancel(kept)))
	}
}
