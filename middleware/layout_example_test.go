package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"

	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

// The pages in the application's own layout, which greets the user by name. Its style
// sheet must be exempt, as the challenge needs it.
func ExampleWithLayoutData() {
	type header struct{ Name string }
	layout := fstest.MapFS{"layout.html": {Data: []byte(`<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>{{template "eagate/head" .}}<link rel="stylesheet" href="/static/app.css"></head>
<body>
<header>Hello, {{.Data.Name}}!</header>
{{template "eagate/main" .}}
{{template "eagate/scripts" .}}
</body>
</html>`)}}
	look := middleware.WithPages(templates.WithLayout(layout))
	data := middleware.WithLayoutData(func(*http.Request) header { return header{"Alice"} })

	_, _, err := tryGate(look, data)
	fmt.Println(err)

	app := locked(look, data, middleware.WithExempt("GET /static/"))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/2fa/enable", nil)
	app.ServeHTTP(w, r)
	fmt.Println(strings.Contains(w.Body.String(), "<header>Hello, Alice!</header>"))
	fmt.Println(strings.Contains(w.Header().Get("Content-Security-Policy"), "style-src 'nonce-"))
	// Output:
	// middleware: WithPages: WithLayout: the layout loads "/static/app.css", which a locked session can't: exempt it, as by WithExempt("GET /static/app.css")
	// true
	// true
}
