package middleware

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/factor"
)

// checkSessions returns what is wrong with the session manager.
func (c *config) checkSessions() (f faults) {
	m := c.sessions
	if m == nil {
		f.add("WithSessions", nil, "no session manager")
		return f
	}
	if isNil(m.Store) || isNil(m.Codec) || m.ErrorFunc == nil {
		f.add("WithSessions", m, "the session manager has no Store, Codec or ErrorFunc: make it by scs.New")
	}
	needed := c.lifetime
	if factor.CheckTokenLifetime(needed) != nil {
		needed = factor.DefaultTokenLifetime // the other fault is told
	}
	if m.Lifetime < needed {
		f.add("WithSessions", m.Lifetime, "Lifetime is %v, less than the %v for which a request to the phone is good: sessions would end while they wait", m.Lifetime, needed)
	}
	if m.IdleTimeout > 0 && m.IdleTimeout < needed {
		f.add("WithSessions", m.IdleTimeout, "IdleTimeout is %v, less than the %v for which a request to the phone is good: sessions would end while they wait", m.IdleTimeout, needed)
	}
	return append(f, c.checkCookie(m.Cookie)...)
}

// checkCookie returns what keeps the session's cookie from the gate's pages, or from
// browsers altogether.
func (c *config) checkCookie(cookie scs.SessionCookie) (f faults) {
	if !cookie.Secure && !c.insecure {
		f.add("WithSessions", cookie, "the session cookie isn't Secure: set Cookie.Secure, or for development WithInsecureCookie")
	}
	if !cookie.Secure && cookie.SameSite == http.SameSiteNoneMode {
		f.add("WithSessions", cookie, "the session cookie is SameSite=None, which browsers take with Secure only")
	}
	if err := (&http.Cookie{Name: cookie.Name, Path: cookie.Path, Domain: cookie.Domain, Secure: cookie.Secure, Partitioned: cookie.Partitioned}).Valid(); err != nil {
		f.add("WithSessions", cookie, "the session cookie: %v", err)
		return f
	}
	name := strings.ToLower(cookie.Name) // as browsers compare it
	if strings.HasPrefix(name, "__host-") && (!cookie.Secure || cookie.Domain != "" || cookie.Path != "/") {
		f.add("WithSessions", cookie, "browsers take a cookie %q only with Secure, the path \"/\" and no domain", cookie.Name)
		return f
	}
	if strings.HasPrefix(name, "__secure-") && !cookie.Secure {
		f.add("WithSessions", cookie, "browsers take a cookie %q only with Secure", cookie.Name)
	}
	pages := c.external + c.base
	if checkBase(pages) == nil && !covers(cookie.Path, pages+"/") {
		f.add("WithSessions", cookie, "the session cookie's path %q doesn't cover the gate's pages below %q: set Cookie.Path to \"/\"", cookie.Path, pages)
	}
	if u, err := parseOrigin(c.origin); err == nil && !isWithin(u.Hostname(), cookie.Domain) {
		f.add("WithSessions", cookie, "the session cookie's domain %q doesn't cover %q, the host of WithOrigin", cookie.Domain, u.Hostname())
	}
	return f
}

// covers reports whether a cookie of that path is sent to an address (RFC 6265 §5.1.4).
// One without a path is sent where it happened to be set.
func covers(cookie, path string) bool {
	rest, ok := strings.CutPrefix(path, cookie)
	return ok && cookie != "" && (strings.HasSuffix(cookie, "/") || rest == "" || rest[0] == '/')
}

// isWithin reports whether a host is of a cookie's domain (RFC 6265 §5.1.3).
func isWithin(host, domain string) bool {
	domain = strings.ToLower(strings.TrimPrefix(domain, "."))
	host = strings.ToLower(host)
	if domain == "" || host == domain {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err != nil && strings.HasSuffix(host, "."+domain)
}
