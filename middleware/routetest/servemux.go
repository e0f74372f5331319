package routetest

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/eagate/eagate/internal/routecheck"
)

// CheckPatterns is [Check] for what can't be walked, such as an [http.ServeMux]. It
// takes the whole handler as it is served, with the gate in it, and all patterns of
// the mux: it is best to register them from the same list. Wildcards are filled
// in. Public patterns are listed as they are there, with the method or without.
//
// Requests go through the real handler. A gate answers those that come to it,
// whether it guards or exempts them, and nothing behind it runs. A handler that
// no gate stands before does run: once for each such pattern, without a session
// and with an empty body. To get past middleware in front that wants a login or the
// like, wrap the handler in one that adds it to the request.
func CheckPatterns(handler http.Handler, patterns []string, public ...string) error {
	c := checker{routes: make(map[string]*route), public: public}
	var errs []error
	for _, pattern := range patterns {
		if err := c.addPattern(pattern); err != nil {
			errs = append(errs, err)
		}
	}
	type endpoint struct {
		rt     *route
		method string // empty if one handler has all
	}
	unseen := make(map[endpoint]result) // handlers without a gate, which run once
	return errors.Join(append(errs, c.check(func(rt *route, method, path string) result {
		to := endpoint{rt, method}
		if rt.any {
			to.method = ""
		} else if rt.head && method == http.MethodHead {
			to.method = http.MethodGet
		}
		res, ok := unseen[to]
		if !ok {
			res = send(handler, method, rt.host, path, false)
		}
		if res.outcome == routecheck.Unseen {
			unseen[to] = res
		}
		res.reached, res.method = rt, method // as far as can be known
		return res
	})...)...)
}

// anyMethod are the methods that a pattern without one is asked for with. A handler that no
// gate stands before runs with the first, which is the least likely to change anything.
var anyMethod = []string{"GET", "HEAD", "DELETE", "OPTIONS", "PATCH", "POST", "PUT"}

var (
	muxRest     = regexp.MustCompile(`\{[^{}]*\.\.\.\}$`)
	muxWildcard = regexp.MustCompile(`\{[^{}]*\}`)
)

// addPattern adds a route by its pattern in a ServeMux.
func (c *checker) addPattern(entry string) error {
	method, pattern := split(entry)
	host, path, ok := strings.Cut(pattern, "/")
	if !ok {
		return fmt.Errorf("routetest: pattern %q: want a path that begins with a slash, after a method and a host if any", entry)
	}
	path, exact := strings.CutSuffix("/"+path, "{$}")
	open, rest := muxRest.ReplaceAllString(path, ""), muxRest.MatchString(path)
	path = muxWildcard.ReplaceAllString(path, filling)
	rt := &route{host: host, pattern: pattern, methods: []string{method}, paths: []string{path}}
	if rest {
		rt.paths = []string{path, muxWildcard.ReplaceAllString(open, filling) + deep}
	} else if !exact && strings.HasSuffix(path, "/") {
		rt.paths = []string{path + filling, path + deep, path}
	}
	switch method {
	case "":
		rt.methods, rt.any = anyMethod, true
	case http.MethodGet:
		rt.methods, rt.head = []string{method, http.MethodHead}, true
	}
	c.add(rt)
	return nil
}
