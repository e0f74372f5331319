package middleware

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxCallback is how long a callback's URL can be in the Console.
const maxCallback = 255

// CallbackURL is what to register in the Console as the application's callback,
// where origin is the application's own, such as "https://app.example.com". It
// holds a secret: it belongs in no page and no log.
//
// An error says that this is no origin, which is a scheme, http or https, a host and a
// port if it isn't the scheme's own; or that the URL is longer than the 255 characters
// that the Console takes. A slash at the end does no harm.
func (g *Gate) CallbackURL(origin string) (string, error) {
	u, err := parseOrigin(strings.TrimSuffix(origin, "/"))
	if err == nil && u.Scheme != "https" && u.Scheme != "http" {
		err = fmt.Errorf("origin %q is neither https nor http", origin)
	}
	if err != nil {
		return "", fmt.Errorf("middleware: CallbackURL: %w", err)
	}
	callback := u.String() + g.base + "/callback/" + g.keys.CallbackSecrets()[0]
	if len(callback) > maxCallback {
		return "", fmt.Errorf("middleware: CallbackURL: with origin %q, it is longer than the %d characters that the Console takes", origin, maxCallback)
	}
	return callback, nil
}

// parseOrigin takes a scheme, a host, a port if any, and nothing else.
func parseOrigin(origin string) (*url.URL, error) {
	if strings.Contains(origin, "@") { // which is not repeated: a password may stand before it
		return nil, errors.New("an origin such as https://app.example.com has no user")
	}
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || u.Scheme+"://"+u.Host != origin || !hasPort(u) {
		return nil, fmt.Errorf("%q is no origin such as https://app.example.com, without a path", origin)
	}
	return u, nil
}

// hasPort reports whether the address has a port that there is, or none.
func hasPort(u *url.URL) bool {
	_, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil || u.Port() == "" && !strings.HasSuffix(u.Host, ":")
}

// checkOrigin takes an origin that the service's page can come back to.
func checkOrigin(origin string) error {
	u, err := parseOrigin(origin)
	if err != nil {
		return err
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if loopback := u.Hostname() == "localhost" || err == nil && ip.IsLoopback(); u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return fmt.Errorf("origin %q isn't https", origin)
	}
	return nil
}
