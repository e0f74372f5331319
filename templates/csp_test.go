package templates_test

import (
	"testing"

	"github.com/eagate/eagate/templates"
)

func TestContentSecurityPolicy(t *testing.T) {
	const want = "default-src 'none'; style-src 'nonce-R4ND0M'; script-src 'nonce-R4ND0M'; connect-src 'self'; " +
		"img-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if got := templates.ContentSecurityPolicy("R4ND0M"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
