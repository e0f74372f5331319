package templates

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// sources are the origins from which the pages load things, besides their own.
type sources struct {
	styles, images, fonts []string
}

func (s *sources) merge(other sources) {
	for _, lists := range [...]struct {
		to   *[]string
		from []string
	}{{&s.styles, other.styles}, {&s.images, other.images}, {&s.fonts, other.fonts}} {
		for _, source := range lists.from {
			add(lists.to, source)
		}
	}
}

// ContentSecurityPolicy returns the Content-Security-Policy of the pages: they load
// nothing except what the theme and the layout bring, and the application's own icon, and
// can't be framed.
//
// The nonce must be new for each response, the same as in [Page], and consist of letters
// and digits, like that of crypto/rand.Text. The targets are origins, besides the page's
// own, to which forms may be sent and their responses may redirect; Chromium checks both.
func (p *Pages) ContentSecurityPolicy(nonce string, targets ...string) string {
	var b strings.Builder
	b.WriteString("default-src 'none'")
	directive := func(name string, first string, more []string) {
		if list := append([]string{first}, more...); first != "" || len(more) > 0 {
			b.WriteString("; " + name + " " + strings.TrimSpace(strings.Join(list, " ")))
		}
	}
	directive("style-src", "'nonce-"+nonce+"'", p.sources.styles)
	directive("script-src", "'nonce-"+nonce+"'", nil)
	directive("connect-src", "'self'", nil)          // the waiting page's events and polls
	directive("img-src", "'self'", p.sources.images) // browsers ask for /favicon.ico by themselves
	directive("font-src", "", p.sources.fonts)
	directive("object-src", "'none'", nil) // which ASVS 5.0 3.4.3 wants by name
	directive("form-action", "'self'", targets)
	directive("base-uri", "'none'", nil)
	directive("frame-ancestors", "'none'", nil)
	return b.String()
}

// aHost is a host, with a port or not, as a policy can name it.
var aHost = regexp.MustCompile(`^(?:[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$`)

// originOf returns the origin of an https URL, or "" if a policy can't name it.
func originOf(u *url.URL) string {
	if u.Scheme != "https" || !aHost.MatchString(u.Host) {
		return ""
	}
	return "https://" + strings.ToLower(u.Host)
}

// add adds a source to a list, once.
func add(list *[]string, source string) {
	if source != "" && !slices.Contains(*list, source) {
		*list = append(*list, source)
	}
}
