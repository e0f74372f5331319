package templates

import "strings"

// ContentSecurityPolicy returns the Content-Security-Policy of the pages: they load
// nothing except the application's own icon, and can't be framed.
//
// The nonce must be new for each response, the same as in [Page], and consist of letters
// and digits, like that of crypto/rand.Text. The targets are origins, besides the page's
// own, to which forms may be sent and their responses may redirect; Chromium checks both.
func ContentSecurityPolicy(nonce string, targets ...string) string {
	return "default-src 'none'" +
		"; style-src 'nonce-" + nonce + "'" +
		"; script-src 'nonce-" + nonce + "'" +
		"; connect-src 'self'" + // the waiting page's events and polls
		"; img-src 'self'" + // browsers ask for /favicon.ico by themselves
		"; object-src 'none'" + // which ASVS 5.0 3.4.3 wants by name
		"; form-action " + strings.Join(append([]string{"'self'"}, targets...), " ") +
		"; base-uri 'none'" +
		"; frame-ancestors 'none'"
}
