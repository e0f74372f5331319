package middleware

import (
	"fmt"
	"net/mail"
	"net/url"
	"path"
	"slices"
	"strings"
)

// WithBasePath puts the gate's own pages below another path than "/2fa".
func WithBasePath(path string) Option { return func(c *config) { c.base = path } }

// WithHomePath names the page to go to after the challenge when none was asked
// for before; "/" unless set.
func WithHomePath(path string) Option { return func(c *config) { c.home = path } }

// WithLoginPath names the application's login page: it is what the gate's own
// pages lead to when nobody is logged in. It is exempt, for GET and POST, so
// that somebody who is stopped at the challenge can log in as somebody else.
func WithLoginPath(path string) Option {
	return func(c *config) { c.login = path; c.given("WithLoginPath", path != "", "no path") }
}

// WithLogoutPath names the route that ends a session by POST. It is exempt. The
// challenge page has a button of its own; see [WithCancel].
func WithLogoutPath(path string) Option {
	return func(c *config) { c.logout = path; c.given("WithLogoutPath", path != "", "no path") }
}

// WithPasswordPath names the page where users change their password: the gate's pages
// lead there when somebody else may know it. Where the account is closed, see
// [WithHoldOnRejection], the sign-in is ended first. The page should therefore be the one
// that also serves those who aren't signed in, and asks for a proof that isn't the
// password, such as a link sent by e-mail; it isn't exempt.
func WithPasswordPath(path string) Option {
	return func(c *config) { c.password = path; c.given("WithPasswordPath", path != "", "no path") }
}

// WithHelpURL names where users find help who can't go on by themselves, because they have
// neither the phone nor a recovery code, say. The gate's pages lead there: to a page of
// the application by its path, which is then exempt for GET, or elsewhere by an https or
// mailto URL.
func WithHelpURL(url string) Option {
	return func(c *config) { c.help = url; c.given("WithHelpURL", url != "", "no URL") }
}

// WithExternalPath names what a proxy takes off the paths that it passes on: "/app" where
// browsers ask for "/app/account", and the application is asked for "/account".
//
// All that the gate tells browsers has it in front: links, forms, redirects, the page to
// come back to, the addresses in its JSON, and [Gate.CallbackURL]. All other options name
// paths as the application sees them, [WithBasePath] too, and routes are matched without
// it. The gate's cookies keep the path "/", which their prefix "__Host-" wants.
//
// It isn't needed where paths are passed on as they are. It is not looked for in headers
// such as X-Forwarded-Prefix, which any client can send.
//
// "" is nothing.
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
