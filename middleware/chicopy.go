package middleware

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/go-chi/chi/v5"
)

// tryCopy is copyOf for a router that may be refused by chi when it is made in
// another order.
func (s *survey) tryCopy(r *chi.Mux) (copied *chi.Mux, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("middleware: CheckRoutes: the router can't be copied: two routers or routes stand in one place: %v", p)
		}
	}()
	return s.copyOf(r, ""), nil
}

// copyOf copies a router with all that is mounted in it, but for the handlers.
func (s *survey) copyOf(r *chi.Mux, prefix string) *chi.Mux {
	m := chi.NewRouter()
	if !isInline(r) {
		for _, use := range r.Middlewares() {
			m.Use(passable(use))
		}
	}
	if !isSame(r.NotFoundHandler(), http.NotFound) {
		rt := s.add(&registered{pattern: "NotFound", methods: []string{http.MethodGet}, any: true, paths: []string{prefix + "/" + filling, prefix + "/" + deep, prefix + "/"}})
		m.NotFound(end(rt, http.MethodGet))
	}
	routes := r.Routes()
	for _, route := range routes { // before others, which may stand where Mount puts its own
		if sub, ok := route.SubRoutes.(*chi.Mux); ok {
			at := strings.TrimSuffix(route.Pattern, "/*")
			m.With(inlineOf(route.Handlers["*"])...).Mount(cmp.Or(at, "/"), s.copyOf(sub, prefix+at))
		}
	}
	for _, route := range routes {
		if _, ok := route.SubRoutes.(*chi.Mux); ok && len(route.Handlers) == 1 {
			continue // nothing was registered over it
		}
		pattern := prefix + route.Pattern
		path := fill(pattern, filling)
		rt := &registered{pattern: pattern, paths: []string{path, "/" + path, path + ".json", fill(pattern, "7")}}
		if cut, ok := strings.CutSuffix(path, filling); ok && strings.HasSuffix(pattern, "*") {
			rt.paths = append(rt.paths, cut+deep)
		}
		if cut, ok := strings.CutSuffix(path, "/"); ok && cut != "" {
			rt.paths = append(rt.paths, cut)
		} else if !ok {
			rt.paths = append(rt.paths, path+"/")
		}
		handlers := route.Handlers
		if all := handlers["*"]; all != nil && len(handlers) == 1 { // a router that can't be looked into
			for _, method := range anyMethod {
				handlers[method] = all
			}
		}
		for method := range handlers {
			if method == "*" {
				rt.any = true
				continue
			}
			rt.methods = append(rt.methods, method)
		}
		rt = s.add(rt)
		for method, handler := range handlers {
			if method != "*" {
				m.With(enter(rt)).With(inlineOf(handler)...).Method(method, route.Pattern, end(rt, method))
			}
		}
	}
	return m
}

// isInline reports whether the router is what With or Group returned: its
// middleware stands before the single handlers already, and not before others of
// the same tree. chi doesn't tell otherwise.
func isInline(m *chi.Mux) bool {
	inline := reflect.ValueOf(m).Elem().FieldByName("inline")
	return !inline.IsValid() || inline.Bool() // if it can't be told, its middleware guards nothing
}

func isSame(a, b http.HandlerFunc) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// enter notes that a request came as far as a route's own middleware: what gates
// are met from there on says nothing of others.
func enter(rt *registered) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p := probeOf(r)
			p.mu.Lock()
			if p.verdict != probeGuarded {
				p.entered = rt
			}
			p.mu.Unlock()
			next.ServeHTTP(w, r)
		})
	}
}

// inlineOf is the middleware of one handler alone.
func inlineOf(h http.Handler) (uses []func(http.Handler) http.Handler) {
	if chain, ok := h.(*chi.ChainHandler); ok {
		for _, use := range chain.Middlewares {
			uses = append(uses, passable(use))
		}
	}
	return uses
}

// passable goes on behind the middleware if that answers by itself, or panics.
func passable(use func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		h := use(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if p := probeOf(r); p != nil {
				p.step()
				next.ServeHTTP(w, r)
			}
		}))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p := probeOf(r)
			before, own := p.steps(), &answer{header: make(http.Header)}
			serve(h, own, r)
			if p.steps() == before {
				p.stopped(own.code())
				next.ServeHTTP(w, r)
			}
		})
	}
}

// end stands for a handler of the application.
func end(rt *registered, method string) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		p := probeOf(r)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.reached, p.method = rt, method
	}
}
