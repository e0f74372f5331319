package routetest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate/internal/routecheck"
)

// Check returns what is wrong with how the routes of a chi router are guarded, or
// nil. The router must be a [*chi.Mux].
//
// No handler of the application runs. Check copies the router, with its patterns and
// middleware but without its handlers, and sends requests to the copy. Functions that
// make middleware are called once more for that, and the middleware runs. Where it
// answers a request by itself, because a login or a CSRF token is missing, the request
// goes on to what is behind it all the same.
//
// A gate counts where it was given to Use, With, Group or Route. Check doesn't see one
// around the router or around a single handler: see [CheckPatterns].
//
// Check may be called while the router serves requests.
func Check(router chi.Routes, public ...string) error {
	mux, ok := router.(*chi.Mux)
	if !ok {
		return fmt.Errorf("routetest: can't copy a %T: pass the *chi.Mux", router)
	}
	c := checker{routes: make(map[string]*route), public: public}
	copied, err := c.copyRouter(mux)
	if err != nil {
		return err
	}
	return errors.Join(c.check(func(_ *route, method, path string) result {
		return send(copied, method, "", path, true)
	})...)
}

// copyRouter copies a router and notes its routes. A copy is made in another order than
// the router was, and chi may panic then.
func (c *checker) copyRouter(mux *chi.Mux) (copied *chi.Mux, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("routetest: can't copy the router: two routers or routes have the same place: %v", p)
		}
	}()
	return c.copyBelow("", mux), nil
}

// copyBelow copies a router that is mounted at the prefix. chi.Walk wouldn't do: it gives
// neither what rewriting middleware leads to, nor NotFound, nor routes over a mounted
// router, and it applies the middleware of a mounted With to routes that don't have it.
func (c *checker) copyBelow(prefix string, mux *chi.Mux) *chi.Mux {
	copied := chi.NewRouter()
	if !isInline(mux) {
		copied.Use(passable(mux.Middlewares())...)
	}
	if reflect.ValueOf(mux.NotFoundHandler()).Pointer() != reflect.ValueOf(http.NotFound).Pointer() {
		rt := c.add(&route{pattern: "NotFound", methods: []string{http.MethodGet}, any: true,
			paths: []string{prefix + "/" + filling, prefix + "/" + deep, prefix + "/"}})
		copied.NotFound(reach(rt, http.MethodGet))
	}
	routes := mux.Routes()
	for _, r := range routes { // before others, which may stand where Mount puts its own
		if sub, ok := r.SubRoutes.(*chi.Mux); ok {
			at := strings.TrimSuffix(r.Pattern, "/*")
			copied.With(inline(r.Handlers["*"])...).Mount(cmp.Or(at, "/"), c.copyBelow(prefix+at, sub))
		}
	}
	for _, r := range routes {
		if _, ok := r.SubRoutes.(*chi.Mux); ok && len(r.Handlers) == 1 {
			continue // nothing was registered over the mounted router
		}
		handlers := r.Handlers
		all, hasAll := handlers["*"]
		if hasAll && len(handlers) == 1 { // a mounted router of another type
			for _, method := range anyMethod {
				handlers[method] = all
			}
		}
		delete(handlers, "*")
		rt := c.add(&route{pattern: prefix + r.Pattern, methods: slices.Sorted(maps.Keys(handlers)), any: hasAll, paths: pathsOf(prefix + r.Pattern)})
		for method, handler := range handlers {
			copied.With(enter(rt)).With(inline(handler)...).Method(method, r.Pattern, reach(rt, method))
		}
	}
	return copied
}

// isInline reports whether the router is one that With or Group returned. Its middleware is
// part of the handlers that were registered by it, and isn't run for others of the same
// tree. Only of such a router does With keep the middleware.
func isInline(mux *chi.Mux) bool {
	return len(mux.Middlewares()) > 0 && len(mux.Routes()) > 0 && len(mux.With().Middlewares()) > 0
}

// inline returns the middleware that is part of a handler.
func inline(h http.Handler) []func(http.Handler) http.Handler {
	if chain, ok := h.(*chi.ChainHandler); ok {
		return passable(chain.Middlewares)
	}
	return nil
}

// passable makes requests go on to what is behind each middleware, also where that
// answers them or panics.
func passable(uses []func(http.Handler) http.Handler) []func(http.Handler) http.Handler {
	wrapped := make([]func(http.Handler) http.Handler, len(uses))
	for i, use := range uses {
		wrapped[i] = func(next http.Handler) http.Handler {
			h := use(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if req := requestOf(r); req != nil {
					req.steps.Add(1)
					next.ServeHTTP(w, r)
				}
			}))
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				req := requestOf(r)
				before := req.steps.Load()
				status := serve(h, r)
				if req.steps.Load() > before {
					return
				}
				req.update(func(res *result) {
					if res.gate == nil && res.status == 0 {
						res.status = status
					}
				})
				next.ServeHTTP(w, r)
			})
		}
	}
	return wrapped
}

// enter notes that a request came as far as a route's own middleware: gates that it comes
// to from there on say nothing of other routes.
func enter(rt *route) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requestOf(r).update(func(res *result) {
				if res.outcome != routecheck.Guarded {
					res.entered = rt
				}
			})
			next.ServeHTTP(w, r)
		})
	}
}

// reach stands for a handler of the application.
func reach(rt *route, method string) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		requestOf(r).update(func(res *result) { res.reached, res.method = rt, method })
	}
}
