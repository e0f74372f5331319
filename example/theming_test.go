package example_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/example/theming"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// A gate in the application's clothes, for a user who must have a second factor.
func TestTheming(t *testing.T) {
	t.Parallel()
	sessions := scs.New()
	options := []middleware.Option{
		middleware.WithSessions(sessions), middleware.WithInsecureCookie(),
		middleware.WithService(client.New("client", "key")), middleware.WithStore(store.NewMemory()),
		middleware.WithUser(func(*http.Request) (middleware.User, error) {
			return middleware.User{ID: "7", Email: "alice@example.com"}, nil
		}),
		middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(0) }),
		middleware.WithIssuer("Acme"), middleware.WithKey([]byte(key)[:32]), theming.Look,
		middleware.WithLogger(slog.New(slog.DiscardHandler)),
	}
	if _, err := middleware.New(options...); err == nil || !strings.Contains(err.Error(), `WithExempt("GET /static/acme.css")`) {
		t.Errorf("got %v, want a fault of the style sheet that isn't exempt", err)
	}
	gate := expect.Try(middleware.New(append(options, middleware.WithExempt("GET /static/"))...)).OrFail(t)
	app := httptest.NewServer(sessions.LoadAndSave(gate.Handler(http.NotFoundHandler())))
	t.Cleanup(app.Close)
	jar := expect.Try(cookiejar.New(nil)).OrFail(t)
	get := func(path string) (*http.Response, string) {
		t.Helper()
		r := expect.Try(http.NewRequestWithContext(t.Context(), "GET", app.URL+path, nil)).OrFail(t)
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Accept-Language", "nl-BE")
		a := expect.Try((&http.Client{Jar: jar}).Do(r)).OrFail(t)
		defer a.Body.Close()
		body := expect.Try(io.ReadAll(a.Body)).OrFail(t)
		return a, string(body)
	}

	a, page := get("/2fa/enable")
	for _, want := range []string{
		`<html lang="nl" dir="ltr">`, `<header class="acme">`, `<footer class="acme">© Acme Ltd</footer>`, "--accent:#0b6e4f;",
		"<h1>Stel de goedkeuring van aanmeldingen in</h1>", `<a href="/help/second-factor">`, `href="/privacy"`, `href="/static/acme.css"`,
	} {
		expect.Contains(t, page, want)
	}
	expect.Contains(t, a.Header.Get("Content-Security-Policy"), "'self'; script-src")
	src := regexp.MustCompile(`<img src="(/2fa/assets/logo-[^"]+\.svg)" alt="Acme">`).FindStringSubmatch(page)
	if src == nil {
		t.Fatalf("got no logo in\n%s", page)
	}
	logo := expect.Try(os.ReadFile("theming/logo.svg")).OrFail(t)
	a, body := get(src[1])
	if a.StatusCode != http.StatusOK || body != string(logo) || a.Header.Get("Content-Type") != "image/svg+xml" ||
		a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") ||
		!strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("logo: got %d %v, want the file, kept, in a sandbox", a.StatusCode, a.Header)
	}
}

// docs/theming.md shows the files as they are.
func TestThemingDocs(t *testing.T) {
	t.Parallel()
	docs := expect.Try(os.ReadFile("../docs/theming.md")).OrFail(t)
	for _, name := range []string{"layout.html", "nl.json"} {
		file := expect.Try(os.ReadFile("theming/" + name)).OrFail(t)
		expect.Contains(t, string(docs), "\n"+string(file)+"```\n", "docs/theming.md doesn't have example/theming/%s as it is", name)
	}
}
