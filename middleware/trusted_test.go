package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/middleware"
)

func TestTrustedOriginsAreChecked(t *testing.T) {
	t.Parallel()
	good := middleware.WithTrustedOrigins("https://www.example.com", "http://intranet:8080", "http://[::1]:81", "https://xn--bcher-kva.example")
	if _, err := middleware.New(append(complete(), good)...); err != nil {
		t.Errorf("got %v, want no error", err)
	}
	for origin, want := range map[string]string{
		"":                            "is no origin",
		"null":                        "is no origin",
		"*":                           "is no origin",
		"https://*.example.com":       "as browsers do",
		"www.example.com":             "is no origin",
		"https://www.example.com/":    "is no origin",
		"https://www.example.com/app": "is no origin",
		"https://me@www.example.com":  "has no user",
		"ftp://www.example.com":       "neither https nor http",
		"https://WWW.example.com":     "capital letters",
		"https://www.example.com:443": "own port",
		"http://intranet:80":          "own port",
		"https://bücher.example":      "xn--",
		"https://a.example;script":    "as browsers do",
	} {
		_, err := middleware.New(append(complete(), middleware.WithTrustedOrigins("https://www.example.com", origin))...)
		if err == nil || !strings.Contains(err.Error(), "middleware: WithTrustedOrigins: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error that mentions %q", origin, err, want)
		}
	}
}

// A form of a trusted origin is gone back to there, and one of any other isn't.
func TestA31_FormOfATrustedOrigin(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps, Options: []middleware.Option{middleware.WithTrustedOrigins("https://www.example.com")}})
	phone := app.Enrolled(t, alice)
	for _, c := range []struct{ site, origin, referer, want string }{
		{"same-site", "https://www.example.com", "https://www.example.com/order?n=1#top", "https://www.example.com/order?n=1"},
		{"", "https://www.example.com", "https://www.example.com/order", "https://www.example.com/order"},
		{"same-site", "https://www.example.com", "https://www.example.com//evil.example/", "/"},
		{"same-site", "https://www.example.com", "https://www.example.com.evil.example/", "/"},
		{"same-site", "https://www.example.com", "https://me@www.example.com/", "/"},
		{"same-site", "https://www.example.com", "https://other.example.com/order", "/"},
		{"same-origin", "https://www.example.com", "https://www.example.com/order", "/order"}, // behind a proxy
		{"same-origin", "", "https://app.example.com/order", "/order"},
	} {
		b := byCode(t, app, phone)
		head := []string{"Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded", "Referer", c.referer}
		if c.site != "" {
			head = append(head, "Sec-Fetch-Site", c.site)
		}
		if c.origin != "" {
			head = append(head, "Origin", c.origin)
		}
		app.Clock.Add(10 * apptest.Step)
		if a := b.Do(http.MethodPost, "/recent", "n=1", head...); a.Location != "/2fa/challenge" {
			t.Fatalf("%+v: got %d to %q, want 303 to the challenge", c, a.Status, a.Location)
		}
		if a := b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)); a.Location != c.want {
			t.Errorf("%+v: got %d to %q, want %q", c, a.Status, a.Location, c.want)
		}
		app.Clock.Add(apptest.Step)
	}
}
