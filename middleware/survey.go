package middleware

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A registered route is one as the router has it, with what it is to be asked for.
type registered struct {
	host    string
	pattern string
	methods []string
	any     bool     // it was registered for whatever method
	head    bool     // HEAD comes with GET
	paths   []string // that may lead there, the plain one first
}

// A survey finds out how routes are guarded.
type survey struct {
	routes map[string]*registered // by pattern
	public []string
	gates  map[*Gate]string // that were met, with the host of a route that they stand before
	faults []*RouteError

	invalid []error // patterns
}

func (s *survey) check(ask func(rt *registered, method, path string) *probe) error {
	for _, pattern := range slices.Sorted(maps.Keys(s.routes)) {
		rt := s.routes[pattern]
		slices.SortFunc(rt.methods, func(a, b string) int { return strings.Compare(order(a), order(b)) })
		for _, method := range rt.methods {
			told := false
			for i, path := range rt.paths {
				p := ask(rt, method, path)
				p.mu.Lock() // in case something goes on with it
				told = told || p.tellsOf(rt)
				s.judge(rt, method, path, i == 0, p)
				p.mu.Unlock()
			}
			if !told && !s.isPublic(rt, method) {
				s.found(rt, method, RouteError{Fault: RouteUnreached, Path: rt.paths[0]})
			}
		}
	}
	errs := s.invalid
	for _, e := range s.faults {
		if e.Fault != RouteExempt && e.Fault != RouteGuarded && s.isOwn(e.Pattern) {
			continue // mounted by Gate.Routes
		}
		if rt := s.routes[e.Pattern]; rt.any && len(e.Methods) == len(rt.methods) {
			e.Methods = nil
		} else if rt.head && slices.Contains(e.Methods, http.MethodGet) {
			e.Methods = slices.DeleteFunc(e.Methods, func(m string) bool { return m == http.MethodHead })
		}
		errs = append(errs, e)
	}
	errs = append(errs, s.checkPages(ask)...)
	for _, entry := range s.public {
		if !s.isOwn(withoutMethod(entry)) && !slices.ContainsFunc(slices.Collect(maps.Values(s.routes)), func(rt *registered) bool { return rt.listed(entry, "") }) {
			e := &RouteError{Fault: RouteUnknown}
			if e.Pattern = entry; strings.Contains(entry, " ") {
				method, pattern, _ := strings.Cut(entry, " ")
				e.Methods, e.Pattern = []string{method}, strings.TrimLeft(pattern, " \t")
			}
			errs = append(errs, e)
		}
	}
	return errors.Join(errs...)
}

// order puts what is least likely to change anything first.
func order(method string) string {
	if method == http.MethodGet {
		return ""
	}
	return method
}

// judge looks at one answer. plain is false of the other ways that may lead to a
// route.
func (s *survey) judge(rt *registered, method, path string, plain bool, p *probe) {
	if _, known := s.gates[p.gate]; p.gate != nil && !known {
		if s.gates == nil {
			s.gates = make(map[*Gate]string)
		}
		s.gates[p.gate] = rt.host
	}
	if p.verdict == probeGuarded && plain && p.tellsOf(rt) && s.isPublic(rt, method) {
		s.found(rt, method, RouteError{Fault: RouteGuarded, Path: path})
	}
	if p.verdict == probeGuarded || p.verdict == probeOwn {
		return
	}
	if plain && p.reached != rt && !s.isPublic(rt, method) {
		s.found(rt, method, RouteError{Fault: RouteUnreached, Path: path, Status: p.status})
	}
	if p.reached == nil || s.isPublic(p.reached, p.method) {
		return
	}
	e := RouteError{Fault: RouteUnguarded, Path: path}
	switch {
	case p.verdict == probeExempt:
		e.Fault, e.Exemption = RouteExempt, p.exemption
	case p.status != 0:
		e.Fault, e.Status = RouteUnreached, p.status
	}
	s.found(p.reached, p.method, e)
}

// tellsOf reports whether what became of the request became of the route's: another
// route may have taken it.
func (p *probe) tellsOf(rt *registered) bool {
	if p.verdict == probeGuarded {
		return p.entered == nil || p.entered == rt
	}
	return p.reached == rt
}

// found adds a fault, to the one that differs by nothing but the method or the
// path if there is one.
func (s *survey) found(rt *registered, method string, e RouteError) {
	i := slices.IndexFunc(s.faults, func(o *RouteError) bool {
		return o.Pattern == rt.pattern && o.Fault == e.Fault && o.Exemption == e.Exemption && o.Status == e.Status
	})
	if i < 0 {
		e.Pattern = rt.pattern
		i, s.faults = len(s.faults), append(s.faults, &e)
	}
	if o := s.faults[i]; !slices.Contains(o.Methods, method) {
		o.Methods = append(o.Methods, method)
	}
}

func (s *survey) isPublic(rt *registered, method string) bool {
	return slices.ContainsFunc(s.public, func(entry string) bool { return rt.listed(entry, method) })
}

// listed reports whether the entry of a list means the route; with the method,
// unless that is empty. GET is HEAD too, as in all patterns of a ServeMux.
func (rt *registered) listed(entry, method string) bool {
	m, pattern, found := strings.Cut(entry, " ")
	if !found {
		return entry == rt.pattern
	}
	return strings.TrimLeft(pattern, " \t") == rt.pattern && slices.Contains(rt.methods, m) &&
		(method == "" || method == m || method == http.MethodHead && m == http.MethodGet)
}

// isOwn reports whether that is how the pages of a gate that was met are mounted.
func (s *survey) isOwn(pattern string) bool {
	for gate := range s.gates {
		if gate.owns(pattern) {
			return true
		}
	}
	return false
}

// owns reports whether that is how the gate's pages are mounted.
func (g *Gate) owns(pattern string) bool {
	base, ok := strings.CutSuffix(strings.TrimSuffix(pattern, "*"), "/")
	return ok && base == g.mount
}

// pageRequests are what the gate's pages are asked for, below where they are.
var pageRequests = [...]struct{ method, path string }{
	{http.MethodGet, "/challenge"}, {http.MethodPost, "/challenge/totp"}, {http.MethodGet, "/callback/" + filling},
}

// checkPages finds out whether the pages of the gates that were met are served.
func (s *survey) checkPages(ask func(rt *registered, method, path string) *probe) (errs []error) {
	gates := slices.SortedFunc(maps.Keys(s.gates), func(a, b *Gate) int { return strings.Compare(a.mount, b.mount) })
	for _, gate := range gates {
		if slices.ContainsFunc(s.public, func(entry string) bool { return gate.owns(withoutMethod(entry)) }) {
			continue
		}
		rt := &registered{host: s.gates[gate], pattern: gate.mount + "/"}
		for _, page := range pageRequests {
			path := gate.mount + page.path
			p := ask(rt, page.method, path)
			p.mu.Lock()
			fault := p.faultOfPages(gate)
			p.mu.Unlock()
			if fault != 0 {
				errs = append(errs, &RouteError{Fault: fault, Pattern: rt.pattern, Methods: []string{page.method}, Path: path})
				break
			}
		}
	}
	return errs
}

// faultOfPages returns what keeps a request from the gate's own pages, or 0.
func (p *probe) faultOfPages(g *Gate) RouteFault {
	switch p.verdict {
	case probeOwn:
		return 0
	case probeGuarded:
		if p.gate == g {
			return RoutePagesGuarded
		}
		return 0 // another gate's guard stands before them
	case probeExempt:
		if !p.copied {
			return 0 // what is behind isn't asked
		}
	case probeUnmet:
	}
	if p.copied && p.reached != nil && g.owns(p.reached.pattern) {
		return 0
	}
	return RoutePagesMissing
}

// withoutMethod is the pattern of an entry of a list.
func withoutMethod(entry string) string {
	if _, pattern, found := strings.Cut(entry, " "); found {
		return strings.TrimLeft(pattern, " \t")
	}
	return entry
}

// anyMethod are the methods that a pattern of a ServeMux without one is asked with.
var anyMethod = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

var muxRest = regexp.MustCompile(`\{[^{}]*\.\.\.\}$`)

var muxWildcard = regexp.MustCompile(`\{[^{}]*\}`)

// addPattern adds what is registered in a ServeMux.
func (s *survey) addPattern(entry string) error {
	method, pattern, found := strings.Cut(entry, " ")
	if !found {
		method, pattern = "", entry
	}
	pattern = strings.TrimLeft(pattern, " \t")
	host, path, ok := strings.Cut(pattern, "/")
	if !ok {
		return fmt.Errorf("middleware: CheckPatterns: pattern %q: want a path that begins with a slash, after a method and a host if any", entry)
	}
	path, exact := strings.CutSuffix("/"+path, "{$}")
	open, rest := muxRest.ReplaceAllString(path, ""), muxRest.MatchString(path)
	path = muxWildcard.ReplaceAllString(path, filling)
	paths := []string{path}
	switch {
	case rest:
		paths = append(paths, muxWildcard.ReplaceAllString(open, filling)+deep)
	case !exact && strings.HasSuffix(path, "/"):
		paths = []string{path + filling, path + deep, path}
	}
	rt := &registered{host: host, pattern: pattern, methods: []string{method}, paths: paths}
	switch method {
	case "":
		rt.methods, rt.any = anyMethod, true
	case http.MethodGet:
		rt.methods, rt.head = []string{method, http.MethodHead}, true
	}
	s.add(rt)
	return nil
}

// add adds a route, to one of the same pattern if there is one, and returns it.
func (s *survey) add(rt *registered) *registered {
	old := s.routes[rt.pattern]
	if old == nil {
		rt.methods = slices.Clone(rt.methods)
		s.routes[rt.pattern] = rt
		return rt
	}
	for _, m := range rt.methods {
		if !slices.Contains(old.methods, m) {
			old.methods = append(old.methods, m)
		}
	}
	old.any = old.any || rt.any
	old.head = old.head || rt.head
	for _, p := range rt.paths {
		if !slices.Contains(old.paths, p) {
			old.paths = append(old.paths, p)
		}
	}
	return old
}
