package gallery

import (
	"testing/fstest"

	"github.com/eagate/eagate/templates"
)

// A Theme is one way in which an application has made the pages its own.
type Theme struct {
	Name    string
	Says    string // what is different, in one line
	Options []templates.Option
}

// logo is a word mark.
const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 40" width="160" height="40">
<rect width="40" height="40" rx="6" fill="#7a1f5c"/><path d="M10 30 20 10l10 20M14 24h12" stroke="#fff" stroke-width="4" fill="none"/>
<path d="M52 30 60 10l8 20M55 24h10M86 15a8 8 0 1 0 0 10M96 30V10l9 12 9-12v20M140 10h-14v20h14M126 20h11" stroke="#7a1f5c" stroke-width="4" fill="none"/></svg>`

// layout is one with rules that would change the page if it let them.
const layout = `<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>
{{template "eagate/head" .}}
<style nonce="{{.Nonce}}">
body { margin: 0; font-family: Georgia, serif; }
button { background: #c00; border-radius: 0; }
h1 { font-size: 4rem; }
.bar { display: flex; flex-wrap: wrap; gap: 1rem; padding: 1rem; background: #0b6e4f; color: #fff; }
.bar * { min-width: 0; color: inherit; overflow-wrap: anywhere; }
</style>
</head>
<body>
<header class="bar"><strong>{{.Issuer}}</strong><nav><a href="/account">{{.Email}}</a></nav></header>
{{template "eagate/main" .}}
<footer class="bar">© Acme Ltd</footer>
{{template "eagate/scripts" .}}
</body>
</html>
`

// Themes returns all themes. The first one is the default.
func Themes() []Theme {
	files := fstest.MapFS{"logo.svg": {Data: []byte(logo)}}
	return []Theme{
		{"default", "as they are without any option", nil},
		{"themed", "other colours, corners and fonts, closer together, and a logo", []templates.Option{
			templates.WithTheme(templates.Theme{
				Accent: "#7a1f5c", AccentDark: "#f0a8d8", Radius: "0", Font: "Georgia, serif", Density: templates.Compact,
				Logo: templates.Image{FS: files, Name: "logo.svg"},
			}),
		}},
		{"layout", "in an application's own header and footer, whose style doesn't reach the page", []templates.Option{
			templates.WithTheme(templates.Theme{Accent: "#0b6e4f", Radius: "4px"}),
			templates.WithLayout(fstest.MapFS{"layout.html": {Data: []byte(layout)}}),
		}},
	}
}
