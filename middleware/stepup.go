package middleware

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/routecheck"
	"github.com/eagate/eagate/internal/storelimit"
)

// RequireRecent guards routes that require a proof of the second factor no older than
// maxAge, in addition to [Gate.Handler] or [Gate.Require]:
//
//	r.With(gate.RequireRecent(5*time.Minute)).Get("/keys", keys) // chi
//	mux.Handle("GET /keys", gate.RequireRecent(5*time.Minute)(keys))
//
// A verified session with an older proof is redirected to the challenge, and then back.
// After a form, the user comes back to the page of the form, because the gate never sends
// a form again. Programs get [eagate.ProblemStepUpRequired] with max_age in seconds,
// methods and challenge_url. They complete the challenge as after a login, and repeat the
// request once a GET or POST of challenge_url returns "verified": true. If the user
// doesn't prove it, the session stays as it was.
//
// For a session that an [eagate.TrustedDevice] verified, the time is that of the user's
// last proof in that browser by which it became trusted.
//
// The gate reads the session's grant from the store on each request, with at most two
// reads: a proof that was revoked on another node doesn't count, and while the store is
// down, the answer is 503.
//
// Requests without a user get 401, and users without a second factor 403
// ([eagate.ProblemEnrolmentRequired]). It must be inside the session manager's
// LoadAndSave, and not around the gate's own pages.
//
// RequireRecent and [Gate.RequireMethod] can be combined; if one is directly inside the
// other, one proof satisfies both. RequireRecent panics if maxAge is less than a second,
// as [http.ServeMux.Handle] does for an invalid pattern, because routes are built when a
// program starts.
func (g *Gate) RequireRecent(maxAge time.Duration) func(http.Handler) http.Handler {
	if maxAge < time.Second {
		panic(fmt.Errorf("middleware: RequireRecent: a proof can't be as young as %v", maxAge))
	}
	return g.require(factor.Demand{MaxAge: maxAge})
}

// RequireMethod guards routes that require a proof by one of the methods: [eagate.Push],
// say, where a code that somebody has seen must not be enough. Everything in
// [Gate.RequireRecent] applies, with the method instead of the age. The challenge neither
// offers nor accepts other methods.
//
// An [eagate.TrustedDevice] can't be proved on demand, so it is allowed only together
// with another method. RequireMethod panics if there is no method, an unknown one, the
// same one twice, or if a RequireMethod directly inside accepts none of them.
func (g *Gate) RequireMethod(methods ...eagate.Method) func(http.Handler) http.Handler {
	if err := checkMethods(methods); err != nil {
		panic(fmt.Errorf("middleware: RequireMethod: %w", err))
	}
	return g.require(factor.Demand{Methods: slices.Clone(methods)})
}

func checkMethods(methods []eagate.Method) error {
	provable := false
	for i, m := range methods {
		switch m {
		case eagate.Push, eagate.TOTP, eagate.Recovery:
			provable = true
		case eagate.TrustedDevice:
		default:
			return fmt.Errorf("unknown method %d", m)
		}
		if slices.Contains(methods[:i], m) {
			return fmt.Errorf("method %q named twice", m)
		}
	}
	if !provable {
		return fmt.Errorf("no method that can be proved on demand among %v", methods)
	}
	return nil
}

// require returns the middleware that guards by a demand.
func (g *Gate) require(d factor.Demand) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		s := &stepUp{gate: g, demand: d, next: next}
		inner, ok := next.(*stepUp)
		if !ok || inner.gate != g {
			return s
		}
		s.next = inner.next
		if s.demand, ok = d.And(inner.demand); !ok || checkMethods(s.demand.Methods) != nil && len(s.demand.Methods) > 0 {
			panic(fmt.Errorf("middleware: RequireMethod: nothing can be proved by %v and by %v", d.Methods, inner.demand.Methods))
		}
		return s
	}
}

// A stepUp guards next by a demand.
type stepUp struct {
	gate   *Gate
	demand factor.Demand
	next   http.Handler
}

func (s *stepUp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := s.gate
	if g.routeCheck.Answers(r, routecheck.Guarded) {
		return
	}
	inner := r.WithContext(storelimit.WithBudget(r.Context()))
	// Not what the gate around has found: there may be none, or the route exempt. Nor what
	// this node has seen before: the grant may have been revoked on another one.
	c, err := g.sessions.LoadAnew(inner)
	if err != nil {
		g.handlers.Fault(w, inner, err)
		return
	}
	about := handlers.Case{
		Standing: c.Standing, Demand: handlers.Proved,
		Met: c.Standing == factor.Verified && g.rules.Meets(s.demand, c.Grant),
	}
	if about.Decide() == handlers.Pass {
		s.next.ServeHTTP(w, r)
		return
	}
	about.Sender, c.Demand.Demand = g.handlers.Sender(r), s.demand
	g.handlers.Answer(w, inner, c, about)
}
