package middleware

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
)

// CheckRoutes returns what is wrong with how a chi router's routes are guarded,
// or nil. It is for an application's own test:
//
//	if err := middleware.CheckRoutes(router, "/login", "POST /logout", "GET /static/*"); err != nil {
//		t.Error(err)
//	}
//
// Each route must be guarded, or be listed as public: by its pattern as the
// router has it, mounted ones in full, after a method or for all methods that it
// has. "NotFound" lists the handlers that [chi.Mux.NotFound] was given, which
// count as a route. Public routes must exist, and pass. The gate's own pages must be
// served, and not be guarded themselves: where another router serves them, list their
// path, "/2fa/", as public. The error joins a [*RouteError] for each fault.
//
// No handler of the application runs. A copy of the router is made, with the same
// patterns and middleware in the same places but without the handlers, and asked
// for each route as a locked session would: a list of middleware alone doesn't
// tell which path the gate sees after rewriting, nor what stands under a
// condition on the path or the method. The gate knows such a request by its context, and asks neither
// session nor store. The application's middleware does run; where it answers by
// itself (a login, a CSRF token or a rate limit is missing) the request goes on
// behind it as if it hadn't, and what makes the middleware is called once more. Each
// path is also tried with and without a slash at
// the end, with one more in front and with a format, as chi's rewriting
// middleware may lead these to the same route.
//
// A gate counts where it is in Use, With, Group or Route. One around the router
// or around a single handler isn't seen: see [CheckPatterns]. An exemption for a
// part of what one route takes, such as "/users/me" of /users/{id}, isn't found; nor
// is what depends on headers or the host, or on the order of routes with expressions
// that take the same paths. What stands at a gate's base path is taken for its
// pages. What [chi.Mux.MethodNotAllowed] was given isn't looked at.
func CheckRoutes(router chi.Routes, public ...string) error {
	mux, ok := router.(*chi.Mux)
	if !ok {
		return fmt.Errorf("middleware: CheckRoutes: a %T can't be looked into: pass the *chi.Mux", router)
	}
	s := survey{routes: make(map[string]*registered), public: public}
	copied, err := s.tryCopy(mux)
	if err != nil {
		return err
	}
	return s.check(func(_ *registered, method, path string) *probe {
		p, _ := send(copied, method, "", path, true)
		return p
	})
}

// CheckPatterns is [CheckRoutes] for what can't be walked, such as an
// [http.ServeMux]. It takes the whole handler as it is served, with the gate in
// it, and all patterns of the mux: they are best registered from the same list.
// Public ones are listed as they are there, with the method or without. Wildcards
// are filled in; a pattern without them is a request.
//
// Requests go through the real handler. The gate answers those that it meets
// itself, whether it guards or exempts them, and nothing behind it runs. But what
// no gate stands before runs: once for each such pattern, without a session and
// with an empty body. To get past middleware in front that wants a login or the
// like, wrap the handler in one that adds it to the request.
func CheckPatterns(handler http.Handler, patterns []string, public ...string) error {
	s := survey{routes: make(map[string]*registered), public: public}
	for _, pattern := range patterns {
		if err := s.addPattern(pattern); err != nil {
			s.invalid = append(s.invalid, err)
		}
	}
	type handled struct {
		rt     *registered
		method string // none if one handler has all
	}
	unmet := make(map[handled]int) // the status that was answered where no gate is
	return s.check(func(rt *registered, method, path string) *probe {
		by := handled{rt, method}
		if rt.any {
			by.method = ""
		} else if rt.head && method == http.MethodHead {
			by.method = http.MethodGet
		}
		if status, ok := unmet[by]; ok {
			return &probe{reached: rt, method: method, status: status}
		}
		p, status := send(handler, method, rt.host, path, false)
		p.reached, p.method = rt, method // as far as can be told
		if p.verdict == probeUnmet {
			if status >= http.StatusMultipleChoices {
				p.status = status
			}
			unmet[by] = p.status
		}
		return p
	})
}

// A RouteError is one fault that [CheckRoutes] or [CheckPatterns] found.
type RouteError struct {
	Fault   RouteFault
	Pattern string   // of the route, as the router has it
	Methods []string // for which it is so; none if for any

	// Exemption is the pattern by which the gate lets the route pass, if Fault is
	// RouteExempt.
	Exemption string

	// Path is what was asked for.
	Path string

	// Status is what was answered before any gate was met, if Fault is
	// RouteUnreached.
	Status int
}

// A RouteFault is what is wrong with a route.
type RouteFault int

const (
	// RouteUnguarded has no gate before it, and isn't listed as public.
	RouteUnguarded RouteFault = iota + 1

	// RouteExempt passes by an exemption, and isn't listed as public.
	RouteExempt

	// RouteUnreached may have a gate before it or not: something else answers
	// first, or leads the request elsewhere.
	RouteUnreached

	// RouteGuarded is listed as public, and guarded nevertheless.
	RouteGuarded

	// RouteUnknown is listed as public, and there is no such route.
	RouteUnknown

	// RoutePagesMissing says that requests for the gate's own pages, below Pattern, don't
	// come to the gate: locked sessions would be led to a page that there isn't.
	RoutePagesMissing

	// RoutePagesGuarded says that they come to [Gate.Require]: locked sessions would be
	// led from the challenge to the challenge.
	RoutePagesGuarded
)

var faultNames = [...]string{
	RouteUnguarded: "unguarded", RouteExempt: "exempt", RouteUnreached: "unreached", RouteGuarded: "guarded", RouteUnknown: "unknown",
	RoutePagesMissing: "pages missing", RoutePagesGuarded: "pages guarded",
}

// String is the fault in a word.
func (f RouteFault) String() string {
	if f > 0 && int(f) < len(faultNames) {
		return faultNames[f]
	}
	return "invalid"
}

// Error says what is wrong and what to do.
func (e *RouteError) Error() string {
	route := strings.TrimPrefix(strings.Join(e.Methods, ", ")+" "+e.Pattern, " ")
	public := "or list it as public"
	switch e.Fault {
	case RouteUnguarded:
		return fmt.Sprintf("middleware: route %q: no gate before it (asked for %q): put it behind Gate.Handler or Gate.Require, %s", route, e.Path, public)
	case RouteExempt:
		return fmt.Sprintf("middleware: route %q: exempt by %q (asked for %q): narrow that exemption, %s", route, e.Exemption, e.Path, public)
	case RouteUnreached:
		if e.Status != 0 {
			return fmt.Sprintf("middleware: route %q: answered with %d before any gate was met (asked for %q): put the gate first, %s", route, e.Status, e.Path, public)
		}
		return fmt.Sprintf("middleware: route %q: never reached (asked for %q): see which other route or rewriting takes its requests, %s", route, e.Path, public)
	case RouteGuarded:
		return fmt.Sprintf("middleware: route %q: listed as public, but guarded: exempt it by WithExempt, or take it off the list", route)
	case RouteUnknown:
		return fmt.Sprintf("middleware: route %q: listed as public, but there is no such route: take it off the list, or write it as the router has it", route)
	case RoutePagesMissing:
		return fmt.Sprintf("middleware: the gate's pages below %q aren't served (asked for %q by %s): mount Gate.Routes there, or put Gate.Handler before all routes (chi runs the middleware of a group for the routes of the group only); if another router serves them, list %q as public",
			e.Pattern, e.Path, strings.Join(e.Methods, ", "), e.Pattern)
	case RoutePagesGuarded:
		return fmt.Sprintf("middleware: the gate's pages below %q are guarded by Gate.Require (asked for %q by %s), and a locked session would be led in a circle: mount Gate.Routes outside of it, or use Gate.Handler in its place",
			e.Pattern, e.Path, strings.Join(e.Methods, ", "))
	}
	return fmt.Sprintf("middleware: route %q: %v", route, e.Fault)
}
