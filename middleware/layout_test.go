package middleware_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

// A layout that fails for one user's data keeps that user from no page: the pages are shown
// without it.
func TestLayoutThatFails(t *testing.T) {
	t.Parallel()
	type header struct{ Names []string }
	layout := fstest.MapFS{"layout.html": {Data: []byte(`<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>{{template "eagate/head" .}}</head>
<body>
<header>{{if .Data.Names}}Hello, {{index .Data.Names 1}}!{{end}}</header>
{{template "eagate/main" .}}
{{template "eagate/scripts" .}}
</body>
</html>`)}}
	names := []string{"Alice", "Smith"}
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithPages(templates.WithLayout(layout)),
		middleware.WithLayoutData(func(*http.Request) header { return header{names} }),
	}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	if a := b.Get("/2fa/challenge"); !strings.Contains(a.Body, "Hello, Smith!") {
		t.Fatalf("got %d without the layout: %.300s", a.Status, a.Body)
	}
	names = []string{"Alice"}
	for range 2 {
		a := b.Get("/2fa/challenge")
		if a.Status != http.StatusOK || !strings.Contains(a.Body, `id="number"`) || strings.Contains(a.Body, "Hello") {
			t.Errorf("got %d, want the page without the layout: %.300s", a.Status, a.Body)
		}
		if !strings.Contains(a.Body, `<html lang="en"`) || strings.Count(a.Body, "<html") != 1 {
			t.Errorf("got no whole page: %.300s", a.Body)
		}
	}
	expect.Equal(t, strings.Count(app.Log.String(), "shown without the application's layout"), 1, "the log says it")
	apptest.Approve(t, phone)
	b.WantIn("after the approval")
}
