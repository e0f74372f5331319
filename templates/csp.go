package templates

import "strings"

// ContentSecurityPolicy returns the Content-Security-Policy of the pages: they can't be
// framed, and load nothing except images of this site and what the theme, the layout and the
// application's templates load.
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
	directive("style-src", "'nonce-"+nonce+"'", p.sources.Styles)
	directive("script-src", "'nonce-"+nonce+"'", nil)
	directive("connect-src", "'self'", nil)          // the waiting page's events and polls
	directive("img-src", "'self'", p.sources.Images) // browsers ask for /favicon.ico by themselves
	directive("font-src", "", p.sources.Fonts)
	directive("object-src", "'none'", nil) // which ASVS 5.0 3.4.3 wants by name
	directive("form-action", "'self'", targets)
	directive("base-uri", "'none'", nil)
	directive("frame-ancestors", "'none'", nil)
	return b.String()
}
