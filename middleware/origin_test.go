package middleware_test

import (
	"strings"
	"testing"

	"github.com/eagate/eagate/middleware"
)

func TestCallbackURL(t *testing.T) {
	t.Parallel()
	gate, err := middleware.New(append(complete(), middleware.WithBasePath("/account/2fa"))...)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		origin string
		want   string // what comes before the secret, or what the error mentions
		fault  bool
	}{
		"https":            {"https://app.example.com", "https://app.example.com/account/2fa/callback/", false},
		"a slash":          {"https://app.example.com/", "https://app.example.com/account/2fa/callback/", false},
		"a port":           {"http://app:8080", "http://app:8080/account/2fa/callback/", false},
		"IPv6":             {"http://[::1]:8080", "http://[::1]:8080/account/2fa/callback/", false},
		"nothing":          {"", "is no origin", true},
		"a slash alone":    {"/", "is no origin", true},
		"two slashes":      {"https://app.example.com//", "is no origin", true},
		"no scheme":        {"app.example.com", "is no origin", true},
		"no scheme, port":  {"app.example.com:443", "is no origin", true},
		"a path":           {"https://app.example.com/app", "is no origin", true},
		"a query":          {"https://app.example.com?x=1", "is no origin", true},
		"a fragment":       {"https://app.example.com#x", "is no origin", true},
		"a user":           {"https://app:hunter2@app.example.com", "has no user", true},
		"no host":          {"https://", "is no origin", true},
		"a port alone":     {"https://:443", "is no origin", true},
		"no port":          {"https://app.example.com:", "is no origin", true},
		"too high a port":  {"https://app.example.com:65536", "is no origin", true},
		"blanks":           {" https://app.example.com", "is no origin", true},
		"another scheme":   {"ftp://app.example.com", "neither https nor http", true},
		"too long for all": {"https://" + strings.Repeat("x", 200) + ".example.com", "255 characters", true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := gate.CallbackURL(test.origin)
			if test.fault {
				if err == nil || got != "" || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %q, %v, want an error that mentions %q", got, err, test.want)
				}
				return
			}
			if secret, ok := strings.CutPrefix(got, test.want); err != nil || !ok || len(secret) < 32 {
				t.Errorf("got %q, %v, want %s and a secret", got, err, test.want)
			}
		})
	}
}
