package templates_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// appLayout is an application's layout.
const appLayout = `<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>
{{template "eagate/head" .}}
<link rel="stylesheet" href="/static/app.css">
</head>
<body>
{{template "header.html" .}}
{{template "eagate/main" .}}
<footer>Acme Ltd</footer>
{{template "eagate/scripts" .}}
</body>
</html>
`

const appHeader = `<header><a href="/">Acme</a>{{with .Data}} {{.Name}}{{end}}</header>`

// layoutFiles returns an application's files, with one change of the layout.
func layoutFiles(from, to string) fstest.MapFS {
	if !strings.Contains(appLayout, from) {
		panic("no such part of the layout")
	}
	return fstest.MapFS{
		"layout.html": {Data: []byte(strings.Replace(appLayout, from, to, 1))},
		"header.html": {Data: []byte(appHeader)},
	}
}

func TestLayout(t *testing.T) {
	t.Parallel()
	p := newPages(t, templates.WithLayout(layoutFiles("", "")))
	for _, lang := range []templates.Language{templates.English, templates.Thai} {
		page := plainPage(lang)
		page.Data = struct{ Name string }{"<Alice>"}
		for _, view := range some(t, page) {
			got := render(t, p, view)
			checkText(t, got, []string{
				`<html lang="` + string(lang) + `" dir="ltr">`, `<link rel="stylesheet" href="/static/app.css">`,
				`<header><a href="/">Acme</a> &lt;Alice&gt;</header>`, `<div class="eagate">`, "<footer>Acme Ltd</footer>",
			}, []string{"<bdi>Acme</bdi></p></header>"})
		}
	}
	expect.Equal(t, fmt.Sprint(p.LayoutPaths()), "[/static/app.css]", "the paths")
	if got := p.ContentSecurityPolicy("N"); !strings.Contains(got, "style-src 'nonce-N' 'self'; script-src 'nonce-N'; ") || !strings.Contains(got, "; font-src 'self'; ") {
		t.Errorf("got %s, want the style sheets and fonts of this site in it", got)
	}
}

func TestLayoutSources(t *testing.T) {
	t.Parallel()
	head := `<link rel="stylesheet" href="/static/app.css">`
	tests := []struct {
		name, head string
		want       []string
		paths      string
	}{
		{"none", "", []string{"style-src 'nonce-N'; script-src 'nonce-N'; connect-src 'self'; img-src 'self'; object-src"}, "[]"},
		{"a style sheet elsewhere", `<link rel=stylesheet href="https://cdn.example/a.css">`, []string{"style-src 'nonce-N' https://cdn.example; ", "font-src https://cdn.example;", "img-src 'self' https://cdn.example;"}, "[]"},
		{"without a scheme", `<link rel=stylesheet href="//cdn.example/a.css">`, []string{"style-src 'nonce-N' https://cdn.example; "}, "[]"},
		{"a font", `<link rel=preload as=font crossorigin href="https://fonts.example/a.woff2">`, []string{"font-src https://fonts.example;"}, "[]"},
		{"an icon", `<link rel=icon href="https://cdn.example:81/a.ico">`, []string{"img-src 'self' https://cdn.example:81;"}, "[]"},
		{"a script", `<script nonce="{{.Nonce}}" src="https://cdn.example/a.js"></script><script nonce="{{.Nonce}}" src="/a.js" defer></script>`, []string{"script-src 'nonce-N'; "}, "[/a.js]"},
		{"a style", `<style nonce="{{.Nonce}}">@font-face { font-family: A; src: url("https://fonts.example/a.woff2") }</style>`, []string{"font-src https://fonts.example;"}, "[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPages(t, templates.WithLanguages(templates.English), templates.WithLayout(layoutFiles(head, tt.head)))
			policy := p.ContentSecurityPolicy("N")
			for _, want := range tt.want {
				expect.Contains(t, policy, want)
			}
			expect.Equal(t, fmt.Sprint(p.LayoutPaths()), tt.paths, "the paths")
		})
	}
	p := newPages(t, templates.WithLayout(layoutFiles("<footer>", `<footer><img alt="" src="https://img.example/a.png" srcset="/b.png 1x, https://img2.example/c.png 2x"><img alt="" src="data:image/png;base64,AA==">`)))
	if got, want := p.ContentSecurityPolicy("N"), "img-src 'self' https://img.example https://img2.example data:;"; !strings.Contains(got, want) {
		t.Errorf("got %s, want %q in it", got, want)
	}
}

func TestLayoutFaults(t *testing.T) {
	t.Parallel()
	const head, main, scripts = `{{template "eagate/head" .}}`, `{{template "eagate/main" .}}`, `{{template "eagate/scripts" .}}`
	tests := []struct{ name, from, to, want string }{
		{"no head", head, "", `no {{template "eagate/head" .}}`},
		{"no main", main, "", `no {{template "eagate/main" .}}`},
		{"no scripts", scripts, "", `no {{template "eagate/scripts" .}}`},
		{"two heads", head, head + head, `2 times {{template "eagate/head" .}}`},
		{"two mains", main, main + main, `2 times {{template "eagate/main" .}}`},
		{"two sets of scripts", scripts, scripts + scripts, `2 times {{template "eagate/scripts" .}}`},
		{"a head in the body", "<body>", "<body>" + head, `isn't in <head>`},
		{"an element that ends the head", "<head>", "<head><div></div>", `isn't in <head>`},
		{"scripts first", main, scripts + main, `comes before`},
		{"main in a main", main, "<main>" + main + "</main>", `is in <main>`},
		{"a main that is closed", main, "<main></main>" + main, `a <main> of its own`},
		{"main in a form", main, "<form>" + main + "</form>", `is in <form>`},
		{"main in a form that isn't closed", main, "<form>" + main, `is in <form>`},
		{"main in a comment", main, "<!--" + main + "-->", `no {{template "eagate/main" .}}`},
		{"main that is hidden", main, "<div hidden>" + main + "</div>", `hidden from users`},
		{"no language", `lang="{{.Lang}}"`, `lang="en"`, `write <html lang="{{.Lang}}" dir="{{.Dir}}">`},
		{"no direction", ` dir="{{.Dir}}"`, "", `write <html lang="{{.Lang}}" dir="{{.Dir}}">`},
		{"a script without a nonce", "</head>", "<script>alert(1)</script></head>", `<script> without nonce="{{.Nonce}}"`},
		{"a script with another nonce", "</head>", `<script nonce="x" src="/a.js"></script></head>`, `<script> without nonce="{{.Nonce}}"`},
		{"a style without a nonce", "</head>", "<style>p{}</style></head>", `<style> without nonce="{{.Nonce}}"`},
		{"an import", "</head>", `<style nonce="{{.Nonce}}">@import "a.css";</style></head>`, "@import"},
		{"a handler", "<footer>", `<footer onclick="alert(1)">`, "<footer onclick>"},
		{"a style attribute", "<footer>", `<footer style="color: red">`, "<footer style="},
		{"a script in a link", "<footer>", `<footer><a href="javascript:alert(1)">x</a>`, "scripts in links"},
		{"a frame", "<footer>", `<footer><iframe src="https://a.example"></iframe>`, "<iframe>"},
		{"a base", "</head>", `<base href="/x/"></head>`, "<base>"},
		{"a refresh", "</head>", `<meta http-equiv="Refresh" content="1"></head>`, "refresh"},
		{"a manifest", "</head>", `<link rel="manifest" href="/m"></head>`, "manifest"},
		{"a style sheet by http", "/static/app.css", "http://a.example/a.css", "https URL"},
		{"a relative style sheet", "/static/app.css", "app.css", "begin it with a slash"},
		{"a host that ends the policy", "/static/app.css", "https://a.example;script-src/", "https URL"},
		{"a form to another site", "<footer>", `<footer><form action="https://a.example"></form>`, "only be sent to this site"},
		{"an ID of ours", "<footer>", `<footer id="status">`, `id="status"`},
		{"no such part", `"header.html"`, `"top.html"`, `"top.html"`},
		{"half an action", "<footer>", "<footer>{{if}}", "layout.html"},
		{"no such field", "<footer>", "<footer>{{.Nothing}}", "Nothing"},
		{"data that there aren't", "<footer>", "<footer>{{.Data.Name}}", "WithLayoutData"},
		{"a name of ours", "<footer>", `<footer>{{define "body"}}x{{end}}`, `defines "body", which the pages define, too`},
		{"a piece of ours", "<footer>", `<footer>{{define "eagate/main"}}x{{end}}`, `defines "eagate/main"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := templates.New(templates.WithLanguages(templates.English), templates.WithLayout(layoutFiles(tt.from, tt.to)))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "templates: WithLayout: ") {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestLayoutFiles(t *testing.T) {
	t.Parallel()
	large := layoutFiles("", "")
	large["header.html"].Data = []byte(strings.Repeat("a", 256<<10+1))
	for want, option := range map[string]templates.Option{
		"no file system":         templates.WithLayout(nil),
		"open layout.html":       templates.WithLayout(fstest.MapFS{}),
		"the disk is gone":       templates.WithLayout(brokenFS{}),
		"more than 256 KiB":      templates.WithLayout(large),
		`"layout.html" is empty`: templates.WithLayout(fstest.MapFS{"layout.html": {}}),
	} {
		if _, err := templates.New(option); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestLayoutData(t *testing.T) {
	t.Parallel()
	layout := templates.WithLayout(layoutFiles("<footer>", "<footer>{{.Data.Name}}"))
	expect.Try(templates.New(layout, templates.WithLayoutData(struct{ Name string }{}))).OrFail(t)
	if _, err := templates.New(layout, templates.WithLayoutData(struct{ Mail string }{})); err == nil || !strings.Contains(err.Error(), "Name") {
		t.Errorf("got %v, want a fault of the field", err)
	}
}
