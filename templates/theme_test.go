package templates_test

import (
	"errors"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

const (
	svgFile  = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 1"><rect width="4" height="1"/></svg>`
	pngFile  = "\x89PNG\r\n\x1a\n0000"
	jpegFile = "\xff\xd8\xff\xe0"
	webpFile = "RIFF0000WEBPVP8 "
	gifFile  = "GIF89a"
	icoFile  = "\x00\x00\x01\x00"
	xlink    = `xmlns:xlink="http://www.w3.org/1999/xlink"`
)

func imageOf(content string) templates.Image {
	return templates.Image{FS: fstest.MapFS{"logo": {Data: []byte(content)}}, Name: "logo"}
}

// brokenFS fails when its file is read.
type brokenFS struct{ fs.FS }

type brokenFile struct{ fs.File }

func (brokenFS) Open(string) (fs.File, error)          { return brokenFile{}, nil }
func (brokenFile) Read([]byte) (int, error)            { return 0, errors.New("the disk is gone") }
func (brokenFile) Stat() (fs.FileInfo, error)          { return nil, errors.New("the disk is gone") }
func (brokenFile) Close() error                        { return nil }
func (brokenFS) ReadDir(string) ([]fs.DirEntry, error) { return nil, errors.New("the disk is gone") }

// whole returns a page with its style.
func whole(t *testing.T, p *templates.Pages) string {
	t.Helper()
	var b strings.Builder
	expect.NoError(t, p.Render(&b, templates.Required{Page: plainPage(templates.English)}))
	return b.String()
}

func TestThemeFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		theme templates.Theme
		want  []string
	}{
		{"an accent that ends the style", templates.Theme{Accent: `red;}</style><script>`}, []string{"Accent: ", "not a colour: write it as #rrggbb, such as #1a56b8"}},
		{"a colour by name", templates.Theme{Accent: "blue"}, []string{"Accent: ", "not a colour"}},
		{"a colour with a line's end", templates.Theme{Accent: "#1a56b8\n"}, []string{"Accent: ", "not a colour"}},
		{"a dark accent by function", templates.Theme{AccentDark: "rgb(1,2,3)"}, []string{"AccentDark: ", "not a colour"}},
		{"a pale accent", templates.Theme{Accent: "#ffff00"}, []string{"Accent: #ffff00 has a contrast of", "the light page's ", "4.5:1: use a colour such as #"}},
		{"a deep accent on the dark page", templates.Theme{AccentDark: "#00f"}, []string{"AccentDark: #0000ff has a contrast of", "the dark page's", "4.5:1: use a colour such as #"}},
		{"a pale and a deep one", templates.Theme{Accent: "#ff0", AccentDark: "#00f"}, []string{"Accent: #ffff00", "AccentDark: #0000ff"}},
		{"a radius of another unit", templates.Theme{Radius: "1em"}, []string{`Radius: "1em" is no length`}},
		{"a radius that ends the rule", templates.Theme{Radius: "1px}"}, []string{"Radius: "}},
		{"a radius by calc", templates.Theme{Radius: "calc(1px)"}, []string{"Radius: "}},
		{"a large radius", templates.Theme{Radius: "33px"}, []string{"Radius: "}},
		{"a font with a quote", templates.Theme{Font: `"A"; } * {, serif`}, []string{"Font: "}},
		{"a font that ends the style", templates.Theme{Font: `</style><script>alert(1)</script>, serif`}, []string{"Font: "}},
		{"a font with an escape", templates.Theme{Font: `A\22, serif`}, []string{"Font: "}},
		{"a font by url", templates.Theme{Font: `url(https://evil.example), serif`}, []string{"Font: "}},
		{"a font with an unpaired quote", templates.Theme{Font: `"A, serif`}, []string{"Font: "}},
		{"a font with a line's end", templates.Theme{Font: "A\nB, serif"}, []string{"Font: "}},
		{"a word of CSS", templates.Theme{Font: "inherit, serif"}, []string{"Font: ", "meaning of its own"}},
		{"no generic family", templates.Theme{Font: `"Acme Sans"`}, []string{"Font: no generic family"}},
		{"a generic family in quotes", templates.Theme{Font: `Acme, "serif"`}, []string{"Font: no generic family"}},
		{"many families", templates.Theme{Font: strings.Repeat("A,", 20) + "serif"}, []string{"Font: 21 families"}},
		{"a density", templates.Theme{Density: 7}, []string{"Density: 7"}},
		{"a scheme", templates.Theme{Scheme: 7}, []string{"Scheme: 7"}},
		{"a logo by a script", templates.Theme{Logo: templates.Image{URL: "javascript:alert(1)"}}, []string{"Logo: ", "no https URL"}},
		{"a logo by http", templates.Theme{Logo: templates.Image{URL: "http://cdn.example/a.svg"}}, []string{"Logo: ", "no https URL"}},
		{"a logo of data", templates.Theme{Logo: templates.Image{URL: "data:image/png,x"}}, []string{"Logo: ", "no https URL"}},
		{"a logo by a path", templates.Theme{Logo: templates.Image{URL: "/logo.svg"}}, []string{"Logo: ", "a file by FS"}},
		{"a logo whose host ends the policy", templates.Theme{Logo: templates.Image{URL: "https://a;script-src"}}, []string{"Logo: "}},
		{"a logo with a password", templates.Theme{Logo: templates.Image{URL: "https://a:b@c.example/"}}, []string{"Logo: "}},
		{"two logos in one", templates.Theme{Logo: templates.Image{FS: fstest.MapFS{}, URL: "https://a.example/"}}, []string{"Logo: both"}},
		{"a name without files", templates.Theme{Logo: templates.Image{Name: "logo.svg"}}, []string{`Logo: no FS that has "logo.svg"`}},
		{"no such file", templates.Theme{Logo: templates.Image{FS: fstest.MapFS{}, Name: "logo.svg"}}, []string{"Logo: open logo.svg"}},
		{"a file that can't be read", templates.Theme{Logo: templates.Image{FS: brokenFS{}, Name: "logo.svg"}}, []string{"Logo: ", "the disk is gone"}},
		{"a dark logo alone", templates.Theme{LogoDark: imageOf(svgFile)}, []string{"LogoDark: without Logo"}},
		{"an empty file", templates.Theme{Logo: imageOf("")}, []string{"Logo: ", "empty"}},
		{"a large file", templates.Theme{Logo: imageOf(pngFile + strings.Repeat("0", 256<<10))}, []string{"Logo: ", "more than 256 KiB"}},
		{"a page", templates.Theme{Favicon: imageOf("<!doctype html><p>")}, []string{"Favicon: ", "but text/html"}},
		{"a page with an SVG", templates.Theme{Logo: imageOf("<html><svg></svg></html>")}, []string{"Logo: ", "no SVG"}},
		{"an SVG of no namespace", templates.Theme{Logo: imageOf("<svg/>")}, []string{"Logo: ", "no SVG"}},
		{"half an SVG", templates.Theme{Logo: imageOf(strings.TrimSuffix(svgFile, "</svg>"))}, []string{"Logo: ", "no SVG"}},
		{"an SVG with a script", templates.Theme{Logo: imageOf(strings.Replace(svgFile, "<rect", "<script>alert(1)</script><rect", 1))}, []string{"Logo: ", "<script>"}},
		{"an SVG with a page in it", templates.Theme{Logo: imageOf(strings.Replace(svgFile, "<rect", "<foreignObject/><rect", 1))}, []string{"Logo: ", "<foreignObject>"}},
		{"an SVG with a handler", templates.Theme{Logo: imageOf(strings.Replace(svgFile, "<rect", `<rect onload="alert(1)"`, 1))}, []string{"Logo: ", "onload"}},
		{"an SVG with a link", templates.Theme{Logo: imageOf(strings.Replace(svgFile, "<rect", `<use `+xlink+` xlink:href="https://evil.example/a.svg"/><rect`, 1))}, []string{"Logo: ", "evil.example"}},
		{"an SVG with entities", templates.Theme{Logo: imageOf(`<!DOCTYPE svg [<!ENTITY a "b">]>` + svgFile)}, []string{"Logo: ", "entities"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := templates.New(templates.WithTheme(tt.theme))
			if err == nil {
				t.Fatal("got no fault")
			}
			for _, want := range append(tt.want, "templates: WithTheme: ") {
				expect.Contains(t, err.Error(), want)
			}
		})
	}
}

// TestSuggestedAccents makes sure that the colour that a fault names is taken, and that
// what is made of a light accent can be read on the dark page.
func TestSuggestedAccents(t *testing.T) {
	t.Parallel()
	suggested := regexp.MustCompile(`want 4\.5:1: use a colour such as (#[0-9a-f]{6})`)
	for _, c := range []string{"#ff0", "#ffb000", "#777", "#0f0", "#fff", "#000", "#8c6100", "#f0f", "#00f", "#c00", "#1a56b8", "#0ff", "#e4572e"} {
		for _, theme := range []templates.Theme{{Accent: c}, {AccentDark: c}} {
			_, err := templates.New(templates.WithTheme(theme))
			if err == nil {
				continue
			}
			m := suggested.FindStringSubmatch(err.Error())
			if m == nil {
				t.Errorf("%s: got %v, want a colour in it", c, err)
				continue
			}
			if theme.Accent != "" {
				theme.Accent = m[1]
			} else {
				theme.AccentDark = m[1]
			}
			expect.Try(templates.New(templates.WithTheme(theme))).OrFail(t, "%s: %s isn't taken either", c, m[1])
		}
	}
}

func TestThemeStyle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		theme          templates.Theme
		wants, unwants []string
	}{
		{"nothing", templates.Theme{}, []string{`content="light dark"`, "<bdi>Acme</bdi>"}, []string{"\n.eagate{", "<img"}},
		{"accent and its dark one", templates.Theme{Accent: "#006d3a"}, []string{"{--accent:#006d3a;--on-accent:#ffffff;}", "dark){.eagate{--accent:#"}, nil},
		{"both", templates.Theme{Accent: "#006d3a", AccentDark: "#ffb000"}, []string{"dark){.eagate{--accent:#ffb000;--on-accent:#000000;}}"}, nil},
		{"radius", templates.Theme{Radius: "0"}, []string{".eagate{--radius:0px;}"}, nil},
		{"font", templates.Theme{Font: `Acme Sans,'Noto Sans Thai', system-ui`}, []string{`.eagate{--font:"Acme Sans", "Noto Sans Thai", system-ui;}`}, nil},
		{"density", templates.Theme{Density: templates.Compact}, []string{".eagate{--density:0.75;}"}, nil},
		{"light", templates.Theme{Scheme: templates.SchemeLight, AccentDark: "#000"}, []string{`<meta name="color-scheme" content="light">`, "color-scheme:light;", "@media not all"}, []string{"prefers-color-scheme"}},
		{"dark", templates.Theme{Scheme: templates.SchemeDark, Accent: "#fff", AccentDark: "#fff"}, []string{`<meta name="color-scheme" content="dark">`, "@media all{.eagate{--accent:#ffffff"}, []string{"prefers-color-scheme"}},
		{"layered", templates.Theme{Layered: true}, []string{"@layer eagate{"}, nil},
		{"logo", templates.Theme{Logo: imageOf(svgFile)}, []string{`<img src="/2fa/assets/logo-`, `.svg" alt="Acme">`}, []string{"<picture>"}},
		{"logos", templates.Theme{Logo: imageOf(svgFile), LogoDark: imageOf(pngFile)}, []string{`srcset="/2fa/assets/logo-dark-`, `.png" media=`}, nil},
		{"logos on light pages", templates.Theme{Scheme: templates.SchemeLight, Logo: imageOf(svgFile), LogoDark: imageOf(pngFile)}, []string{`.svg" alt`}, []string{"logo-dark"}},
		{"logos on dark pages", templates.Theme{Scheme: templates.SchemeDark, Logo: imageOf(svgFile), LogoDark: imageOf(pngFile)}, []string{`src="/2fa/assets/logo-dark-`}, []string{"<picture>"}},
		{"logo elsewhere", templates.Theme{Logo: templates.Image{URL: "https://cdn.example:8443/l.svg?a=1&b=2"}}, []string{`<img src="https://cdn.example:8443/l.svg?a=1&amp;b=2"`}, nil},
		{"favicon", templates.Theme{Favicon: imageOf(icoFile)}, []string{`<link rel="icon" href="/2fa/assets/favicon-`, ".ico"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			page := whole(t, newPages(t, templates.WithTheme(tt.theme)))
			for _, want := range tt.wants {
				expect.Contains(t, page, want)
			}
			for _, unwanted := range tt.unwants {
				expect.Lacks(t, page, unwanted)
			}
		})
	}
}

func TestThemeAssets(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		svgFile: "image/svg+xml", `<?xml version="1.0"?>` + svgFile: "image/svg+xml", pngFile: "image/png", jpegFile: "image/jpeg", webpFile: "image/webp", gifFile: "image/gif", icoFile: "image/x-icon",
	} {
		p := newPages(t, templates.WithTheme(templates.Theme{Logo: imageOf(content)}))
		page := render(t, p, templates.Required{Page: plainPage(templates.English)})
		m := regexp.MustCompile(`/2fa/assets/(logo-[^"]+)`).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("%s: the page has no logo", want)
		}
		a, ok := p.Asset(m[1])
		if !ok || a.Type != want || string(a.Body) != content || !strings.Contains(m[1], strings.Trim(a.ETag, `"`)) {
			t.Errorf("%s: got %v, %v", m[1], a, ok)
		}
	}
}

func TestImageSources(t *testing.T) {
	t.Parallel()
	p := newPages(t, templates.WithTheme(templates.Theme{
		Logo: templates.Image{URL: "https://CDN.example/l.svg"}, LogoDark: templates.Image{URL: "https://cdn.example/d.svg"}, Favicon: templates.Image{URL: "https://other.example:81/f.ico"},
	}))
	expect.Contains(t, p.ContentSecurityPolicy("N"), "; img-src 'self' https://cdn.example https://other.example:81; ")
}

// FuzzTheme makes sure that no value leaves its declaration.
func FuzzTheme(f *testing.F) {
	for _, seed := range []string{"#1a56b8", "red;}</style>", `"A B", serif`, "8px", "0.5rem", `A\22, serif`, "ก, serif"} {
		f.Add(seed, seed, seed)
	}
	view := templates.Required{Page: plainPage(templates.English)}
	f.Fuzz(func(t *testing.T, accent, radius, font string) {
		p, err := templates.New(templates.WithLanguages(templates.English), templates.WithTheme(templates.Theme{Accent: accent, Radius: radius, Font: font}))
		if err != nil {
			return
		}
		var b strings.Builder
		expect.NoError(t, p.Render(&b, view))
		_, rest, _ := strings.Cut(b.String(), "\n.eagate{")
		vars, _, ok := strings.Cut(rest, "}")
		if accent+radius+font != "" && (!ok || !regexp.MustCompile(`^(--[a-z-]+:("[^"\\<>\n]*"|[^;"\\<>{}])*;)*$`).MatchString(vars)) {
			t.Errorf("got %q of %q, %q and %q", vars, accent, radius, font)
		}
		if got, want := strings.Count(b.String(), "<"), strings.Count(b.String(), ">"); got > want {
			t.Errorf("got %d times <, and %d times >", got, want)
		}
	})
}

// TestThemesContrast looks at the colours as the test knows them, by its own reckoning.
func TestThemesContrast(t *testing.T) {
	t.Parallel()
	pair := regexp.MustCompile(`\{--accent:#([0-9a-f]{6});--on-accent:#([0-9a-f]{6});`)
	for _, c := range []string{"#006d3a", "#8a1c7c", "#333333", "#9a3412", "#005ec9"} {
		p := newPages(t, templates.WithTheme(templates.Theme{Accent: c}))
		pairs := pair.FindAllStringSubmatch(whole(t, p), -1)
		if len(pairs) != 2 {
			t.Fatalf("%s: got %v, want a light and a dark pair", c, pairs)
		}
		for i, m := range pairs {
			card := luminance(t, []string{"ffffff", "1c222b"}[i])
			accent, on := luminance(t, m[1]), luminance(t, m[2])
			for _, other := range []float64{card, on} {
				if got := (max(accent, other) + 0.05) / (min(accent, other) + 0.05); got < 4.5 {
					t.Errorf("%s: got a contrast of %s with something", m[1], strconv.FormatFloat(got, 'f', 2, 64))
				}
			}
		}
	}
}
