package middleware

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/eagate/eagate/internal/sitepath"
)

// WithBasePath sets the path of the gate's own pages. The default is "/2fa". [New]
// reports a path that isn't plain, ends with a slash, or is escaped in addresses.
func WithBasePath(path string) Option { return func(c *config) { c.base = path } }

// WithHomePath sets the page to go to after a challenge if no page to come back to is known.
// The default is "/". [New] reports what isn't a plain path.
func WithHomePath(path string) Option { return func(c *config) { c.home = path } }

// WithLoginPath sets the application's login page, to which the gate's pages lead if
// nobody is logged in. It is exempt for GET and POST, so that a user in a locked session
// can log in as another user. Without it, redirects go to [WithHomePath], and other
// pages have no such link. [New] reports what isn't a plain path, or is below the base
// path.
func WithLoginPath(path string) Option {
	return func(c *config) { c.login = path; c.given("WithLoginPath", path != "", "no path") }
}

// WithLogoutPath sets the route that logs out by POST, which is exempt. Without it, a
// locked session can't log out there, unless it is exempt otherwise. The challenge has a
// cancel button of its own; see [WithCancel]. [New] reports what isn't a plain path, is
// below the base path, or is the login path.
func WithLogoutPath(path string) Option {
	return func(c *config) { c.logout = path; c.given("WithLogoutPath", path != "", "no path") }
}

// WithExternalPath sets the prefix that a proxy removes from paths: "/app" if browsers
// ask for "/app/account" and the application gets "/account".
//
// The gate adds it to everything that it sends to browsers: links, forms, redirects, the
// page to return to, addresses in JSON, and [Gate.CallbackURL]. All other options, such
// as [WithBasePath], take paths as the application sees them, and routes are matched
// without the prefix. The gate's cookies keep the path "/", which the prefix "__Host-"
// requires.
//
// It isn't needed if the proxy doesn't change paths. The gate ignores headers such as
// X-Forwarded-Prefix, which any client can send. The default is "". [New] reports a
// prefix that isn't a path such as "/app", or with which [WithBasePath] begins.
func WithExternalPath(prefix string) Option { return func(c *config) { c.external = prefix } }

// checkPaths returns what is wrong with the paths that the options name.
func (c *config) checkPaths() (f faults) {
	f.check("WithBasePath", c.base, checkBase(c.base))
	f.check("WithHomePath", c.home, sitepath.Check(c.home))
	for _, p := range [...]struct{ option, path string }{{"WithLoginPath", c.login}, {"WithLogoutPath", c.logout}} {
		if p.path == "" {
			continue
		}
		if err := sitepath.Check(p.path); err != nil {
			f.check(p.option, p.path, err)
		} else if sitepath.IsBelow(p.path, c.base) {
			f.add(p.option, p.path, "%q is among the gate's own pages below %q", p.path, c.base)
		}
	}
	for _, link := range [...]struct{ name, path string }{{"Help", c.links.Help}, {"Password", c.links.Password}, {"Privacy", c.links.Privacy}} {
		if link.path != "" && sitepath.IsBelow(link.path, c.base) {
			f.add("WithPages", link.path, "WithLinks: %s: %q is among the gate's own pages below %q", link.name, link.path, c.base)
		}
	}
	if c.logout != "" && c.logout == c.login {
		f.add("WithLogoutPath", c.logout, "%q is the login path, and a POST there can't be both", c.logout)
	}
	return append(f, c.checkExternal()...)
}

// exemptPatterns are the exemptions, named and implied. What is wrong with a path that
// implies one is a fault of its own option.
func (c *config) exemptPatterns() []string {
	patterns := slices.Clone(c.exempt)
	imply := func(method, path string) {
		if pattern := method + " " + exactly(path); sitepath.Check(path) == nil && !slices.Contains(patterns, pattern) {
			patterns = append(patterns, pattern)
		}
	}
	imply("GET", c.login)
	imply("POST", c.login)
	imply("POST", c.logout)
	imply("GET", c.links.Help)
	imply("GET", c.links.Privacy)
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

func checkBase(p string) error {
	if err := sitepath.Check(p); err != nil {
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

func (c *config) checkExternal() (f faults) {
	if c.external == "" {
		return nil
	}
	if err := checkBase(c.external); err != nil {
		f.check("WithExternalPath", c.external, err)
	} else if sitepath.IsBelow(c.base, c.external) {
		f.add("WithExternalPath", c.external, "%q is in front of WithBasePath's %q already: the one is for a proxy that takes it off, and the other for paths as they come", c.external, c.base)
	}
	return f
}

// outside returns a path of the application as browsers see it; a URL and nothing stay
// what they are.
func (c *config) outside(path string) string {
	if !strings.HasPrefix(path, "/") {
		return path
	}
	return c.external + path
}
