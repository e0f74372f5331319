package routetest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/middleware/routetest"
)

// Pages that a locked session is led to must be there, and must not be guarded.
func TestCheckAsksForPages(t *testing.T) {
	t.Parallel()
	const missing, guarded = "pages missing GET /2fa/", "pages guarded GET /2fa/"
	for name, test := range map[string]struct {
		build   func(set)
		options []middleware.Option
		public  []string
		want    []string
	}{
		"Handler before everything": {build: func(s set) { s.Use(s.load, s.gate.Handler); s.Get("/account", s.app) }},
		"Handler in a group": {build: func(s set) {
			s.Use(s.load)
			s.Group(func(r chi.Router) { r.Use(s.gate.Handler); r.Get("/account", s.app) })
		}, want: []string{missing}},
		"Handler in a group with the pages": {build: func(s set) {
			s.Use(s.load)
			s.Group(func(r chi.Router) { r.Use(s.gate.Handler); r.Get("/account", s.app); r.Handle("/2fa/*", s.app) })
		}},
		"Handler in a group with some of the pages": {build: func(s set) {
			s.Use(s.load)
			s.Group(func(r chi.Router) { r.Use(s.gate.Handler); r.Get("/account", s.app); r.Get("/2fa/*", s.app) })
		}, want: []string{"pages missing POST /2fa/"}},
		"Handler in a router below": {build: func(s set) {
			s.Use(s.load)
			s.Route("/app", func(r chi.Router) { r.Use(s.gate.Handler); r.Get("/account", s.app) })
		}, want: []string{missing}},
		"Handler in a router below, with its base path": {build: func(s set) {
			s.Use(s.load)
			s.Route("/app", func(r chi.Router) { r.Use(s.gate.Handler); r.Get("/account", s.app) })
		}, options: []middleware.Option{middleware.WithBasePath("/app/2fa")}},
		"Routes beside the group": {build: func(s set) {
			s.Use(s.load)
			s.Mount("/2fa", s.gate.Routes())
			s.With(s.gate.Require).Get("/account", s.app)
		}},
		"no Routes": {build: func(s set) {
			s.Use(s.load)
			s.With(s.gate.Require).Get("/account", s.app)
		}, want: []string{missing}},
		"no Routes, and everything else is public": {build: func(s set) {
			s.Use(s.load)
			s.With(s.gate.Require).Get("/account", s.app)
			s.Handle("/*", s.app)
		}, public: []string{"/*"}, want: []string{missing}},
		"Routes elsewhere": {build: func(s set) {
			s.Use(s.load)
			s.Mount("/auth", s.gate.Routes())
			s.With(s.gate.Require).Get("/account", s.app)
		}, public: []string{"/auth/*"}, want: []string{missing}},
		"Routes by another router": {build: func(s set) {
			s.Use(s.load)
			s.With(s.gate.Require).Get("/account", s.app)
		}, public: []string{"/2fa/*"}},
		"Require around Routes": {build: func(s set) {
			s.Use(s.load)
			s.Group(func(r chi.Router) { r.Use(s.gate.Require); r.Mount("/2fa", s.gate.Routes()); r.Get("/account", s.app) })
		}, want: []string{guarded}},
		"Require before everything": {build: func(s set) {
			s.Use(s.load, s.gate.Require)
			s.Mount("/2fa", s.gate.Routes())
			s.Get("/account", s.app)
		}, want: []string{guarded}},
		"Require before everything but by exemption": {build: func(s set) {
			s.Use(s.load, s.gate.Require)
			s.Mount("/2fa", s.gate.Routes())
			s.Get("/account", s.app)
		}, options: []middleware.Option{middleware.WithExempt("/2fa/")}, public: []string{"/2fa/*"}},
		"step-up around Routes": {build: func(s set) {
			s.Use(s.load)
			s.With(s.gate.RequireMethod(eagate.Push)).Mount("/2fa", s.gate.Routes())
		}, want: []string{guarded}},
		"another gate around Routes": {build: func(s set) {
			other, others := newGate(middleware.WithBasePath("/other"))
			s.Use(s.load, others.LoadAndSave)
			s.Mount("/other", other.Routes())
			s.With(other.Require).Mount("/2fa", s.gate.Routes())
			s.With(s.gate.Require).Get("/account", s.app)
		}},
		"no gate": {build: func(s set) { s.Get("/account", s.app) }, public: []string{"/account"}},
		"behind a proxy": {build: func(s set) { s.Use(s.load, s.gate.Handler); s.Get("/account", s.app) },
			options: []middleware.Option{middleware.WithExternalPath("/app")}},
		"behind a proxy, pages mounted": {build: func(s set) {
			s.Use(s.load)
			s.Mount("/2fa", s.gate.Routes())
			s.With(s.gate.Require).Get("/account", s.app)
		}, options: []middleware.Option{middleware.WithExternalPath("/app")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, sessions := newGate(test.options...)
			s := set{chi.NewRouter(), gate, sessions.LoadAndSave, func(http.ResponseWriter, *http.Request) {
				t.Error("a handler of the application ran")
			}}
			test.build(s)
			wantFaults(t, routetest.Check(s.Router, test.public...), test.want...)
		})
	}
}

func TestCheckPatternsAsksForPages(t *testing.T) {
	t.Parallel()
	const missing, guarded = "pages missing GET /2fa/", "pages guarded GET /2fa/"
	gate, sessions := newGate()
	app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux := func(routes map[string]http.Handler) http.Handler {
		m := http.NewServeMux()
		for pattern, h := range routes {
			m.Handle(pattern, h)
		}
		return sessions.LoadAndSave(m)
	}
	account := gate.Require(app)
	exempting, itsSessions := newGate(middleware.WithExempt("/2fa/"))
	for name, test := range map[string]struct {
		handler http.Handler
		public  []string
		want    []string
	}{
		"around":                   {handler: sessions.LoadAndSave(gate.Handler(app))},
		"beside":                   {handler: mux(map[string]http.Handler{"/account": account, "/2fa/": gate.Routes()})},
		"missing":                  {handler: mux(map[string]http.Handler{"/account": account}), want: []string{missing}},
		"missing, but public":      {handler: mux(map[string]http.Handler{"/account": account}), public: []string{"/2fa/"}},
		"for GET only":             {handler: mux(map[string]http.Handler{"/account": account, "GET /2fa/": gate.Routes()}), want: []string{"pages missing POST /2fa/"}},
		"the application's":        {handler: mux(map[string]http.Handler{"/account": account, "/2fa/": app}), want: []string{missing}},
		"guarded":                  {handler: mux(map[string]http.Handler{"/account": account, "/2fa/": gate.Require(gate.Routes())}), want: []string{guarded}},
		"guarded but by exemption": {handler: itsSessions.LoadAndSave(exempting.Require(app))},
		"guarded with everything":  {handler: mux(map[string]http.Handler{"/": account}), want: []string{guarded}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantFaults(t, routetest.CheckPatterns(test.handler, []string{"/account"}, test.public...), test.want...)
		})
	}
	err := routetest.CheckPatterns(mux(map[string]http.Handler{"/": account}), []string{"/account"})
	if err == nil || !strings.Contains(err.Error(), "mount Gate.Routes outside of it") {
		t.Errorf("got %v, want what to do", err)
	}
}
