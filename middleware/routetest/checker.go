package routetest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/eagate/eagate/internal/routecheck"
)

// A route is one as the router has it, with what is to be asked for.
type route struct {
	host    string
	pattern string
	methods []string
	any     bool     // registered for all methods
	head    bool     // HEAD comes with GET
	paths   []string // that may lead there, the plainest first
}

// A checker finds out how routes are guarded.
type checker struct {
	routes map[string]*route // by pattern
	public []string
	ask    func(rt *route, method, path string) result
	gates  map[*routecheck.Gate]string // that requests came to, with the host of a route
	faults []*Error
}

// add adds a route, to one of the same pattern if there is one, and returns it.
func (c *checker) add(rt *route) *route {
	old := c.routes[rt.pattern]
	if old == nil {
		c.routes[rt.pattern] = rt
		return rt
	}
	old.methods = union(old.methods, rt.methods)
	old.paths = union(old.paths, rt.paths)
	old.any, old.head = old.any || rt.any, old.head || rt.head
	return old
}

// union returns what is in a or in b.
func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// check asks for all routes, and then for the pages of the gates that were found.
func (c *checker) check(ask func(rt *route, method, path string) result) (errs []error) {
	c.ask, c.gates = ask, make(map[*routecheck.Gate]string)
	for _, pattern := range slices.Sorted(maps.Keys(c.routes)) {
		rt := c.routes[pattern]
		for _, method := range rt.methods {
			c.checkRoute(rt, method)
		}
	}
	for _, e := range c.faults {
		if e.Fault != Exempt && e.Fault != PublicGuarded && c.isPages(e.Pattern) {
			continue // mounted by Gate.Routes
		}
		if rt := c.routes[e.Pattern]; rt.any && len(e.Methods) == len(rt.methods) {
			e.Methods = nil
		} else if rt.head && slices.Contains(e.Methods, http.MethodGet) {
			e.Methods = slices.DeleteFunc(e.Methods, func(m string) bool { return m == http.MethodHead })
		}
		errs = append(errs, e)
	}
	return append(append(errs, c.checkPages()...), c.checkPublic()...)
}

// checkRoute asks for a route with a method by each path.
func (c *checker) checkRoute(rt *route, method string) {
	public, conclusive := c.isPublic(rt, method), false
	for i, path := range rt.paths {
		res := c.ask(rt, method, path)
		if _, known := c.gates[res.gate]; res.gate != nil && !known {
			c.gates[res.gate] = rt.host
		}
		concerns := res.concerns(rt)
		conclusive = conclusive || concerns
		plain := i == 0
		switch res.outcome {
		case routecheck.Guarded:
			if plain && concerns && public {
				c.found(rt, method, Error{Fault: PublicGuarded, Path: path})
			}
			continue
		case routecheck.Pages:
			continue
		case routecheck.Unseen, routecheck.Exempt:
		}
		if plain && res.reached != rt && !public {
			c.found(rt, method, Error{Fault: Unreached, Path: path, Status: res.status})
		}
		if res.reached != nil && !c.isPublic(res.reached, res.method) {
			c.found(res.reached, res.method, res.fault(path))
		}
	}
	if !conclusive && !public {
		c.found(rt, method, Error{Fault: Unreached, Path: rt.paths[0]})
	}
}

// concerns reports whether the request ended at the route or at a gate before it.
// Another route may take the same path.
func (res result) concerns(rt *route) bool {
	if res.outcome == routecheck.Guarded {
		return res.entered == nil || res.entered == rt
	}
	return res.reached == rt
}

// fault is that of a route that is reached and isn't public.
func (res result) fault(path string) Error {
	switch {
	case res.outcome == routecheck.Exempt:
		return Error{Fault: Exempt, Path: path, Exemption: res.exemption}
	case res.status != 0:
		return Error{Fault: Unreached, Path: path, Status: res.status}
	}
	return Error{Fault: Unguarded, Path: path}
}

// found adds a fault, to one that differs only by method and path if there is one.
func (c *checker) found(rt *route, method string, e Error) {
	i := slices.IndexFunc(c.faults, func(o *Error) bool {
		return o.Pattern == rt.pattern && o.Fault == e.Fault && o.Exemption == e.Exemption && o.Status == e.Status
	})
	if i < 0 {
		e.Pattern = rt.pattern
		i, c.faults = len(c.faults), append(c.faults, &e)
	}
	c.faults[i].Methods = union(c.faults[i].Methods, []string{method})
}

// pageRequests are what each gate's pages are asked for, below its mount.
var pageRequests = [...]struct{ method, path string }{
	{http.MethodGet, "/challenge"}, {http.MethodPost, "/challenge/totp"}, {http.MethodGet, "/callback/" + filling},
}

// checkPages returns which gates' pages aren't served.
func (c *checker) checkPages() (errs []error) {
	for _, gate := range slices.SortedFunc(maps.Keys(c.gates), func(a, b *routecheck.Gate) int { return cmp.Compare(a.Mount, b.Mount) }) {
		if slices.ContainsFunc(c.public, func(entry string) bool { _, pattern := split(entry); return isPagesOf(gate, pattern) }) {
			continue // another router serves them
		}
		rt := &route{host: c.gates[gate], pattern: gate.Mount + "/"}
		for _, page := range pageRequests {
			path := gate.Mount + page.path
			if fault := c.ask(rt, page.method, path).faultOfPages(gate); fault != 0 {
				errs = append(errs, &Error{Fault: fault, Pattern: rt.pattern, Methods: []string{page.method}, Path: path})
				break
			}
		}
	}
	return errs
}

// faultOfPages returns what keeps a request from the gate's own pages, or 0.
func (res result) faultOfPages(gate *routecheck.Gate) Fault {
	switch res.outcome {
	case routecheck.Pages:
		return 0
	case routecheck.Guarded:
		if res.gate == gate {
			return PagesGuarded
		}
		return 0 // another gate's guard stands before them
	case routecheck.Exempt:
		if !res.copied {
			return 0 // what is behind isn't asked
		}
	case routecheck.Unseen:
	}
	if res.copied && res.reached != nil && isPagesOf(gate, res.reached.pattern) {
		return 0
	}
	return PagesMissing
}

// checkPublic returns what is listed as public and doesn't exist.
func (c *checker) checkPublic() (errs []error) {
	for _, entry := range c.public {
		method, pattern := split(entry)
		rt := c.routes[pattern]
		if rt != nil && rt.isListed(entry, "") || c.isPages(pattern) {
			continue
		}
		e := &Error{Fault: PublicUnknown, Pattern: pattern}
		if method != "" {
			e.Methods = []string{method}
		}
		errs = append(errs, e)
	}
	return errs
}

func (c *checker) isPublic(rt *route, method string) bool {
	return slices.ContainsFunc(c.public, func(entry string) bool { return rt.isListed(entry, method) })
}

// isListed reports whether the entry of a list means the route; with the method,
// unless that is empty. GET is HEAD too, as in all patterns of a ServeMux.
func (rt *route) isListed(entry, method string) bool {
	m, pattern := split(entry)
	if pattern != rt.pattern || m == "" {
		return pattern == rt.pattern
	}
	return slices.Contains(rt.methods, m) && (method == "" || method == m || method == http.MethodHead && m == http.MethodGet)
}

// isPages reports whether the pages of a gate that requests came to are mounted like that.
func (c *checker) isPages(pattern string) bool {
	for gate := range c.gates {
		if isPagesOf(gate, pattern) {
			return true
		}
	}
	return false
}

// isPagesOf reports whether the gate's pages are mounted like that.
func isPagesOf(gate *routecheck.Gate, pattern string) bool {
	base, ok := strings.CutSuffix(strings.TrimSuffix(pattern, "*"), "/")
	return ok && base == gate.Mount
}

// split cuts an entry of a list into the method, if it has one, and the pattern.
func split(entry string) (method, pattern string) {
	method, pattern, found := strings.Cut(entry, " ")
	if !found {
		return "", entry
	}
	return method, strings.TrimLeft(pattern, " \t")
}
