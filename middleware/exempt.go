package middleware

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"

	"github.com/eagate/eagate/internal/sitepath"
)

// WithExempt adds routes that need no second factor, as [http.ServeMux] patterns without
// a host: "GET /healthz", "/static/", "POST /webhooks/{id}". Without it, only the
// login, the logout, and the help and privacy policy of [templates.WithLinks] need none.
// [New] reports what isn't such a pattern, and one that would exempt everything. A request
// whose path isn't in canonical form (dots, double or encoded slashes) is never exempt.
func WithExempt(patterns ...string) Option {
	return func(c *config) { c.exempt = append(c.exempt, patterns...) }
}

// exemptions tells which requests need no second factor.
type exemptions struct{ mux *http.ServeMux }

func newExemptions(patterns []string) (e exemptions, f faults) {
	e.mux = http.NewServeMux()
	for _, pattern := range patterns {
		f.check("WithExempt", pattern, e.add(pattern))
	}
	return e, f
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

// pattern returns the pattern by which the request is exempt, or "". Only a path that
// reads the same to every router and rewriter behind is: not "/open/..json" either, of
// which cutting off the format leaves dots that cleaning would then follow, nor
// "/open/.json", of which it leaves the folder.
func (e exemptions) pattern(r *http.Request) string {
	p := r.URL.Path
	if r.URL.RawPath != "" || !sitepath.IsPlain(p) || strings.ContainsAny(p, "\\%;") || strings.Contains(p, "..") || strings.Contains(p, "/.") && path.Base(p)[0] == '.' {
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
