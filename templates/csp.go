package templates

import "strings"

// ContentSecurityPolicy returns the value of the Content-Security-Policy header
// under which the pages work: nothing is loaded from anywhere but the page
// itself, except for the application's own icon, and nobody may frame it.
//
// The nonce must be fresh for each response, the same as in [Page], and made
// of letters and digits, as crypto/rand.Text returns it. The targets are origins, besides
// the page's own, to which forms may be sent, and to which the answer to a form may
// redirect: Chromium takes both alike.
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
