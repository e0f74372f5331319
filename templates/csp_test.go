package templates_test

import (
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
)

func TestContentSecurityPolicy(t *testing.T) {
	const want = "default-src 'none'; style-src 'nonce-R4ND0M'; script-src 'nonce-R4ND0M'; connect-src 'self'; " +
		"img-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	expect.Equal(t, newPages(t).ContentSecurityPolicy("R4ND0M"), want)
	if got := newPages(t).ContentSecurityPolicy("R4ND0M", "https://a.example", "http://b.example:81"); !strings.Contains(got, "; form-action 'self' https://a.example http://b.example:81; ") {
		t.Errorf("got %s, want the targets of forms in it", got)
	}
}
