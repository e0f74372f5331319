package routetest

import (
	"fmt"
	"strings"
)

// An Error is one fault that [Check] or [CheckPatterns] found.
type Error struct {
	Fault     Fault
	Pattern   string   // of the route, as the router has it
	Methods   []string // that the fault concerns; none if it concerns all
	Exemption string   // by which the gate lets the route pass, if Fault is Exempt
	Path      string   // that was asked for
	Status    int      // that was answered before any gate, if Fault is Unreached; 0 if nothing was
}

// A Fault is what is wrong with a route.
type Fault int

const (
	// Unguarded: no gate stands before the route, and it isn't listed as public.
	Unguarded Fault = iota + 1

	// Exempt: the route passes the gate by an exemption, and isn't listed as public.
	Exempt

	// Unreached: whether a gate stands before the route can't be seen, because
	// something else answers first or leads the request elsewhere.
	Unreached

	// PublicGuarded: the route is listed as public, but a gate guards it.
	PublicGuarded

	// PublicUnknown: the route is listed as public, but it doesn't exist.
	PublicUnknown

	// PagesMissing: requests for the gate's own pages, below Pattern, don't come to the
	// gate. Locked sessions would be led to a page that doesn't exist.
	PagesMissing

	// PagesGuarded: requests for the gate's own pages come to Gate.Require. Locked sessions
	// would be led from the challenge to the challenge.
	PagesGuarded
)

var faultNames = [...]string{
	Unguarded: "unguarded", Exempt: "exempt", Unreached: "unreached", PublicGuarded: "public guarded", PublicUnknown: "public unknown",
	PagesMissing: "pages missing", PagesGuarded: "pages guarded",
}

// String returns the fault in a word or two.
func (f Fault) String() string {
	if f > 0 && int(f) < len(faultNames) {
		return faultNames[f]
	}
	return "invalid"
}

// Error says what is wrong and what to do.
func (e *Error) Error() string {
	route := strings.TrimPrefix(strings.Join(e.Methods, ", ")+" "+e.Pattern, " ")
	public := "or list it as public"
	switch e.Fault {
	case Unguarded:
		return fmt.Sprintf("routetest: route %q: no gate before it (asked for %q): put it behind Gate.Handler or Gate.Require, %s", route, e.Path, public)
	case Exempt:
		return fmt.Sprintf("routetest: route %q: exempt by %q (asked for %q): narrow that exemption, %s", route, e.Exemption, e.Path, public)
	case Unreached:
		if e.Status != 0 {
			return fmt.Sprintf("routetest: route %q: answered with %d before any gate (asked for %q): put the gate first, %s", route, e.Status, e.Path, public)
		}
		return fmt.Sprintf("routetest: route %q: never reached (asked for %q): see which other route or rewriting takes its requests, %s", route, e.Path, public)
	case PublicGuarded:
		return fmt.Sprintf("routetest: route %q: listed as public, but guarded: exempt it by WithExempt, or take it off the list", route)
	case PublicUnknown:
		return fmt.Sprintf("routetest: route %q: listed as public, but there is no such route: take it off the list, or write it as the router has it", route)
	case PagesMissing:
		return fmt.Sprintf("routetest: the gate's pages below %q aren't served (asked for %q by %s): mount Gate.Routes there, or put Gate.Handler before all routes (chi runs the middleware of a group for the routes of the group only); if another router serves them, list %q as public",
			e.Pattern, e.Path, strings.Join(e.Methods, ", "), e.Pattern)
	case PagesGuarded:
		return fmt.Sprintf("routetest: the gate's pages below %q are guarded by Gate.Require (asked for %q by %s), and a locked session would be led in a circle: mount Gate.Routes outside of it, or use Gate.Handler in its place",
			e.Pattern, e.Path, strings.Join(e.Methods, ", "))
	}
	return fmt.Sprintf("routetest: route %q: %v", route, e.Fault)
}
