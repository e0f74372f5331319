package example_test

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate/example/internal/program"
	"github.com/eagate/eagate/internal/expect"
)

// The demo with the service's own page, from the login to there and back.
func TestDemoModes(t *testing.T) {
	t.Parallel()
	path := program.Build(t, "demo")
	for _, mode := range []string{"redirect", "popup"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := start(t, path, "ADDR=127.0.0.1:0", "EMULATOR_ADDR=127.0.0.1:0", "CHALLENGE_MODE="+mode)
			app, phone := p.said["open"], newVisitor(t, strings.TrimSuffix(p.said["phone"], "/phone"), http.DefaultTransport)
			v := newVisitor(t, app, http.DefaultTransport)
			v.login("/account")
			uri := v.post("/2fa/enable", "application/json").json("uri")
			phone.wantRedirect(phone.post("/phone/add", "text/html", "uri", uri), "/phone?said=added")
			code := find(t, `data-code="(\d{6})"`, phone.get("/phone").body)
			v.wantRedirect(v.post("/2fa/enable/confirm", "text/html", "code", code), "/2fa/recovery-codes")
			v.wantRedirect(v.post("/logout", "text/html"), "/")

			v.login("/account")
			v.wantRedirect(v.get("/account?tab=2"), "/2fa/challenge")
			page := v.get("/2fa/challenge").body
			expect.Equal(t, strings.Contains(page, "data-popup="), mode == "popup", "the page opens a window")
			webview := strings.TrimPrefix(html.UnescapeString(find(t, `<a id="webview"[^>]* href="([^"]+)"`, page)), phone.url)
			number := find(t, `data-number[^>]*>(\d+)<`, phone.get(webview).body)
			phone.wantRedirect(phone.post("/phone/answer", "text/html",
				"request", find(t, `data-request="([^"]+)"`, phone.get("/phone").body), "number", number,
			), "/phone?said=approved")
			back := strings.TrimPrefix(phone.get(webview).location, app)
			v.wantRedirect(v.get(back), "/2fa/challenge")
			v.wantRedirect(v.get("/2fa/challenge"), "/account?tab=2")
			v.wantPage(v.get("/account"), 200, `data-verified="true"`)
		})
	}
}
