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

// RequireRecent guards routes that want a proof of the second factor that is no
// older than maxAge, in addition to [Gate.Handler] or [Gate.Require]:
//
//	r.With(gate.RequireRecent(5*time.Minute)).Get("/keys", keys) // chi
//	mux.Handle("GET /keys", gate.RequireRecent(5*time.Minute)(keys))
//
// A verified session whose proof is older is led to the challenge again, and then
// back to where it wanted to go. The sending of a form comes back to the page that
// the form is on, because nothing is sent twice. Programs get
// [eagate.ProblemStepUpRequired] with max_age in seconds, methods and challenge_url:
// the challenge is theirs as after a login, and the request can be sent again when a
// GET or POST of challenge_url has said "verified". Logging out, or not proving it,
// leaves the session as it was.
//
// A session that a [eagate.TrustedDevice] let in counts from when its user proved it last in
// that browser, by which it came to be trusted.
//
// What the session has proved is asked of the store on each request, two reads at
// most: a proof that was revoked on another node doesn't count any more, and while the
// store is down, the answer is 503.
//
// It fails closed: nobody is let in who isn't logged in (401), or whose second
// factor is off (403, "enrolment-required" with enrol_url). It goes inside the
// session manager's LoadAndSave, and not around the gate's own pages.
//
// RequireRecent and [Gate.RequireMethod] can be combined; one directly inside the
// other asks once for both. RequireRecent panics if maxAge is shorter than a
// second, as [http.ServeMux.Handle] does for a wrong pattern: routes are made when
// a program starts.
func (g *Gate) RequireRecent(maxAge time.Duration) func(http.Handler) http.Handler {
	if maxAge < time.Second {
		panic(fmt.Errorf("middleware: RequireRecent: a proof can't be as young as %v", maxAge))
	}
	return g.require(factor.Demand{MaxAge: maxAge})
}

// RequireMethod guards routes that want the second factor to have been given by
// one of the methods: [eagate.Push], say, for what a code that was read over somebody's
// shoulder must not do. All that [Gate.RequireRecent] says holds here too, of the
// method in place of the age. A way to prove it that isn't among the methods
// isn't offered by the challenge, nor accepted.
//
// A [eagate.TrustedDevice] can't be proved on demand, so that it does only beside
// another method. RequireMethod panics if there is no method, an unknown one, the
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
