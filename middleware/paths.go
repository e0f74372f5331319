package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// checkPaths returns what is wrong with the paths that the options name.
func (c *config) checkPaths() (f faults) {
	f.option("WithBasePath", checkBase(c.base))
	f.option("WithHomePath", checkPath(c.home))
	for _, p := range [...]struct{ option, path string }{{"WithLoginPath", c.login}, {"WithLogoutPath", c.logout}, {"WithPasswordPath", c.password}} {
		if p.path == "" {
			continue
		}
		if err := checkPath(p.path); err != nil {
			f.option(p.option, err)
		} else if isBelow(p.path, c.base) {
			f.add("%s: %q is among the gate's own pages below %q", p.option, p.path, c.base)
		}
	}
	if c.logout != "" && c.logout == c.login {
		f.add("WithLogoutPath: %q is the login path, and a POST there can't be both", c.logout)
	}
	return f
}

// exemptPatterns are the exemptions, named and implied. What is wrong with a path that
// implies one is a fault of its own option.
func (c *config) exemptPatterns() []string {
	patterns := slices.Clone(c.exempt)
	imply := func(method, path string) {
		if pattern := method + " " + exactly(path); checkPath(path) == nil && !slices.Contains(patterns, pattern) {
			patterns = append(patterns, pattern)
		}
	}
	imply("GET", c.login)
	imply("POST", c.login)
	imply("POST", c.logout)
	imply("GET", c.help)
	return patterns
}

// exactly is the pattern of that path alone: a ServeMux takes one that ends with
// a slash for all that is below it.
func exactly(path string) string {
	if strings.HasSuffix(path, "/") {
		return path + "{$}"
	}
	return path
}

// checkPath takes a path in its plain form.
func checkPath(p string) error {
	if !strings.HasPrefix(p, "/") || !isPlain(p) || strings.ContainsAny(p, "?#%\\ \t\r\n{}") {
		return fmt.Errorf("%q isn't a plain path such as /account", p)
	}
	return nil
}

func checkBase(p string) error {
	if err := checkPath(p); err != nil {
		return err
	}
	if p == "/" || strings.HasSuffix(p, "/") {
		return fmt.Errorf("%q ends with a slash", p)
	}
	if (&url.URL{Path: p}).EscapedPath() != p { // requests would come in another spelling
		return fmt.Errorf("%q has characters that are escaped in addresses", p)
	}
	return nil
}

// isBelow reports whether a path is the base path, or below it.
func isBelow(p, base string) bool {
	rest, ok := strings.CutPrefix(p, base)
	return ok && (rest == "" || rest[0] == '/')
}

// isPlain reports whether a path reads the same to everybody.
func isPlain(p string) bool {
	clean := path.Clean(p)
	return p == clean || p == clean+"/"
}

// exemptions tells which requests need no second factor.
type exemptions struct{ mux *http.ServeMux }

func newExemptions(patterns []string) (e exemptions, err error) {
	e.mux = http.NewServeMux()
	var faults []error
	for _, pattern := range patterns {
		if err := e.add(pattern); err != nil {
			faults = append(faults, err)
		}
	}
	return e, errors.Join(faults...)
}

// registeredAt is what a ServeMux says besides of where its patterns come from.
var registeredAt = regexp.MustCompile(` \(registered at [^)]*\)|\n`)

// add registers a pattern; a ServeMux panics where it can't.
func (e exemptions) add(pattern string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("pattern %q: %s", pattern, registeredAt.ReplaceAllString(fmt.Sprint(p), " "))
		}
	}()
	_, p, found := strings.Cut(pattern, " ")
	if !found {
		p = pattern
	}
	switch p = strings.TrimLeft(p, " \t"); {
	case !strings.HasPrefix(p, "/"):
		return fmt.Errorf("pattern %q: want a path that begins with a slash, after a method if any", pattern)
	case strings.Contains(p, "*"):
		return fmt.Errorf("pattern %q: a \"*\" would stand for itself; write \"{name}\" for a part of the path, and \"{rest...}\" at the end for all that follows", pattern)
	case p == "/":
		return fmt.Errorf("pattern %q would exempt everything; for the front page alone use \"/{$}\"", pattern)
	case strings.HasPrefix(p, "/{") && !strings.HasPrefix(p, "/{$}"):
		return fmt.Errorf("pattern %q begins with a wildcard, and would exempt too much", pattern)
	}
	e.mux.Handle(pattern, exempted{})
	return nil
}

// match reports whether the request is exempt.
func (e exemptions) match(r *http.Request) bool { return e.pattern(r) != "" }

// pattern returns the pattern by which the request is exempt, or "". Only a path
// that reads the same to every router and rewriter behind is: not "/open/..json" either, of which
// cutting off the format leaves dots that cleaning would then follow, nor
// "/open/.json", of which it leaves the folder.
func (e exemptions) pattern(r *http.Request) string {
	p := r.URL.Path
	if r.URL.RawPath != "" || !isPlain(p) || strings.ContainsAny(p, "\\%;") || strings.Contains(p, "..") || strings.Contains(p, "/.") && path.Base(p)[0] == '.' {
		return ""
	}
	h, pattern := e.mux.Handler(r)
	if _, ok := h.(exempted); !ok { // nothing, or what redirects "/static" to "/static/"
		return ""
	}
	return pattern
}

// exempted is what the patterns stand for.
type exempted struct{ http.Handler }
