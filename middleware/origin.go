package middleware

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// WithOrigin sets the application's own origin as browsers send it, such as
// "https://app.example.com": http or https, a host, and a port other than the scheme's
// default; in lower case and without a trailing slash. [New] reports any other spelling.
// Without it, the origin is that of each request, by its Host header.
//
// [Gate.CallbackURL] and the hosted modes of [WithMode] need it; for the hosted modes it
// must be https, or http on a loopback host. Behind a proxy that changes the Host header,
// it also tells the gate which pages are its own.
func WithOrigin(origin string) Option {
	return func(c *config) { c.origin = origin; c.given("WithOrigin", origin != "", "no origin") }
}

// WithTrustedOrigins adds other origins whose pages belong to the application, such as
// "https://www.example.com" for a front end on another host, written as for [WithOrigin];
// [New] reports any other spelling. Without it, there are none. The gate accepts changes
// from there, returns there after a challenge that a page there led to, and its forms may
// redirect there.
//
// Anybody who controls a page on a trusted origin can change what its visitors' sessions
// can change. The cookies' SameSite attribute, and CORS for scripts, are the
// application's.
func WithTrustedOrigins(origins ...string) Option {
	return func(c *config) {
		c.trusted = append(c.trusted, origins...)
		c.given("WithTrustedOrigins", len(origins) > 0, "no origin")
	}
}

func (c *config) checkOrigins() (f faults) {
	if c.origin != "" {
		u, err := parseOrigin(c.origin)
		if err == nil && c.isHosted() && u.Scheme != "https" && !isLoopback(u.Hostname()) {
			err = fmt.Errorf("%q isn't https, and the service's page doesn't come back to it", c.origin)
		}
		f.check("WithOrigin", shown(c.origin), err)
	}
	for _, origin := range c.trusted {
		_, err := parseOrigin(origin)
		f.check("WithTrustedOrigins", shown(origin), err)
	}
	return f
}

// shown returns an origin for an error, or nil if a password may be in it.
func shown(origin string) any {
	if strings.Contains(origin, "@") {
		return nil
	}
	return origin
}

// parseOrigin parses an origin as browsers send it; any other spelling would never match.
func parseOrigin(origin string) (*url.URL, error) {
	if shown(origin) == nil {
		return nil, errors.New("an origin such as https://app.example.com has no user")
	}
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme+"://"+u.Host != origin || !hasPort(u):
		return nil, fmt.Errorf("%q is no origin such as https://app.example.com, without a path", origin)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%q is neither https nor http", origin)
	case origin != strings.ToLower(origin):
		return nil, fmt.Errorf("%q has capital letters, which browsers don't send", origin)
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		return nil, fmt.Errorf("%q names its scheme's own port, which browsers don't send", origin)
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("*,;\"'()<>\\%", c) }):
		return nil, fmt.Errorf("%q isn't written as browsers do: a name of other letters begins with \"xn--\"", origin)
	}
	return u, nil
}

// hasPort reports whether the address has a port that there is, or none.
func hasPort(u *url.URL) bool {
	_, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil || u.Port() == "" && !strings.HasSuffix(u.Host, ":")
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// maxCallback is the longest callback URL that the Console accepts.
const maxCallback = 255

// CallbackURL returns the callback to register in the Console: an address at the origin
// of [WithOrigin]. It contains a secret, so keep it out of pages and logs.
//
// It returns an error without WithOrigin, and if the URL is longer than the 255
// characters that the Console accepts.
func (g *Gate) CallbackURL() (string, error) {
	if g.origin == "" {
		return "", errors.New("middleware: CallbackURL: the application's origin isn't known: give New WithOrigin")
	}
	callback := g.origin + g.base + "/callback/" + g.keys.CallbackSecrets()[0]
	if len(callback) > maxCallback {
		return "", fmt.Errorf("middleware: CallbackURL: with origin %q, it is longer than the %d characters that the Console takes", g.origin, maxCallback)
	}
	return callback, nil
}
