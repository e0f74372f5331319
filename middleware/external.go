package middleware

import "strings"

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

func (c *config) checkExternal() (f faults) {
	if c.external == "" {
		return nil
	}
	if err := checkBase(c.external); err != nil {
		f.option("WithExternalPath", err)
	} else if isBelow(c.base, c.external) {
		f.add("WithExternalPath: %q is in front of WithBasePath's %q already: the one is for a proxy that takes it off, and the other for paths as they come", c.external, c.base)
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
