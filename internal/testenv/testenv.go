// Package testenv checks what a test needs from its machine. If it is missing, the test
// is skipped, or fails if EAGATE_REQUIRE names it or is "all".
package testenv

import (
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Server returns the URL of a server that the test needs, such as "postgres": the value
// of EAGATE_POSTGRES_URL, or the fallback. The server must accept connections.
func Server(t testing.TB, name, fallback string) *url.URL {
	t.Helper()
	variable := "EAGATE_" + strings.ToUpper(name) + "_URL"
	text := os.Getenv(variable)
	if text == "" {
		text = fallback
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatalf("%s is not a URL: %v", variable, err)
	}
	conn, err := net.DialTimeout("tcp", u.Host, 5*time.Second)
	if err != nil {
		Missing(t, name, "no server: start one, or set "+variable+" ("+err.Error()+")")
	} else {
		conn.Close()
	}
	return u
}

// Missing skips or fails a test whose requirement is missing.
func Missing(t testing.TB, name, why string) {
	t.Helper()
	required := strings.FieldsFunc(os.Getenv("EAGATE_REQUIRE"), func(r rune) bool { return r == ',' || r == ' ' })
	if slices.Contains(required, name) || slices.Contains(required, "all") {
		t.Fatalf("%s is required: %s", name, why)
	}
	t.Skipf("%s: %s", name, why)
}
