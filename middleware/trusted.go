package middleware

import (
	"fmt"
	"strings"
)

// WithTrustedOrigins names origins, besides the one that a request is sent to, whose
// pages are the application's own too: a front end on another host, such as
// "https://www.example.com", or the one that browsers see where a proxy sends the
// application another Host than theirs. Changes to the gate's pages are taken from there,
// forms that were sent from there are gone back to after a step-up, and the gate's forms
// may lead there.
//
// It isn't needed where browsers see the application's own host, nor for the other tabs of
// one site. An origin is a scheme, http or https, a host, and a port if it isn't the
// scheme's own, written as browsers do: in lower case, and without a slash at the end.
// Whoever can put a page on a trusted origin can change what its visitors' sessions can
// change. The cookies' SameSite, and CORS where scripts are to read answers, are the
// application's.
func WithTrustedOrigins(origins ...string) Option {
	return func(c *config) {
		c.trusted = append(c.trusted, origins...)
		c.given("WithTrustedOrigins", len(origins) > 0, "no origin")
	}
}

func (c *config) checkTrusted() (f faults) {
	for _, origin := range c.trusted {
		f.option("WithTrustedOrigins", checkBrowserOrigin(origin))
	}
	return f
}

// checkBrowserOrigin takes an origin as browsers write it: another spelling would never
// be met.
func checkBrowserOrigin(origin string) error {
	u, err := parseOrigin(origin)
	switch {
	case err != nil:
		return err
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("origin %q is neither https nor http", origin)
	case origin != strings.ToLower(origin):
		return fmt.Errorf("origin %q has capital letters, which browsers don't send", origin)
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		return fmt.Errorf("origin %q names its scheme's own port, which browsers don't send", origin)
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("*,;\"'()<>\\%", c) }):
		return fmt.Errorf("origin %q isn't written as browsers do: a name of other letters begins with \"xn--\"", origin)
	}
	return nil
}
