package middleware_test

import (
	"net/http"
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/middleware"
)

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
		b.Do(http.MethodPost, "/recent", "n=1", head...).WantTo(t, "/2fa/challenge", "%+v", c)
		b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)).WantTo(t, c.want, "%+v", c)
		app.Clock.Add(apptest.Step)
	}
}
