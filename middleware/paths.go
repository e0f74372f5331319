package middleware

import (
	"fmt"
	"net/mail"
	"net/url"
	"path"
	"slices"
	"strings"
)

// WithBasePath sets the path of the gate's own pages. The default is "/2fa".
func WithBasePath(path string) Option { return func(c *config) { c.base = path } }

// WithHomePath sets the page to go to after a challenge that no page navigation caused.
// The default is "/".
func WithHomePath(path string) Option { return func(c *config) { c.home = path } }

// WithLoginPath sets the application's login page, to which the gate's pages lead if
// nobody is logged in. It is exempt for GET and POST, so that a user in a locked session
// can log in as another user.
func WithLoginPath(path string) Option {
	return func(c *config) { c.login = path; c.given("WithLoginPath", path != "", "no path") }
}

// WithLogoutPath sets the route that logs out by POST. It is exempt. The challenge has a
// cancel button of its own; see [WithCancel].
func WithLogoutPath(path string) Option {
	return func(c *config) { c.logout = path; c.given("WithLogoutPath", path != "", "no path") }
}

// WithPasswordPath sets the page where users change their password. The gate's pages lead
// there if somebody else may know it. In an account that [WithHoldOnRejection] has
// closed, the sign-in is ended first; so the page should also serve users who aren't
// signed in, and require a proof other than the password, such as a link sent by e-mail.
// It isn't exempt.
func WithPasswordPath(path string) Option {
	return func(c *config) { c.password = path; c.given("WithPasswordPath", path != "", "no path") }
}

// WithHelpURL sets where users find help who have neither the phone nor a recovery code,
// say: the path of a page of the application, which is then exempt for GET, or an https
// or mailto URL.
func WithHelpURL(url string) Option {
	return func(c *config) { c.help = url; c.given("WithHelpURL", url != "", "no URL") }
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
// X-Forwarded-Prefix, which any client can send. The default is "".
func WithExternalPath(prefix string) Option { return func(c *config) { c.external = prefix } }

// checkPaths returns what is wrong with the paths that the options name.
func (c *config) checkPaths() (f faults) {
	f.check("WithBasePath", c.base, checkBase(c.base))
	f.check("WithHomePath", c.home, checkPath(c.home))
	for _, p := range [...]struct{ option, path string }{{"WithLoginPath", c.login}, {"WithLogoutPath", c.logout}, {"WithPasswordPath", c.password}} {
		if p.path == "" {
			continue
		}
		if err := checkPath(p.path); err != nil {
			f.check(p.option, p.path, err)
		} else if isBelow(p.path, c.base) {
			f.add(p.option, p.path, "%q is among the gate's own pages below %q", p.path, c.base)
		}
	}
	if c.help != "" {
		f.check("WithHelpURL", c.help, checkHelpURL(c.help, c.base))
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

func (c *config) checkExternal() (f faults) {
	if c.external == "" {
		return nil
	}
	if err := checkBase(c.external); err != nil {
		f.check("WithExternalPath", c.external, err)
	} else if isBelow(c.base, c.external) {
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

func checkHelpURL(help, base string) error {
	if strings.HasPrefix(help, "/") {
		if err := checkPath(help); err != nil || !isBelow(help, base) {
			return err
		}
		return fmt.Errorf("%q is among the gate's own pages below %q", help, base)
	}
	u, err := url.Parse(help)
	if err != nil {
		return fmt.Errorf("%q is no URL", help)
	}
	switch {
	case u.Scheme == "https" && u.Hostname() != "" && u.User == nil:
		return nil
	case u.Scheme == "mailto":
		if _, err := mail.ParseAddress(u.Opaque); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no path, such as /help, and no https or mailto URL", help)
}
