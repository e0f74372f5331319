package templates_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing/fstest"
	"time"

	"github.com/eagate/eagate/templates"
)

func ExampleNew() {
	pages, err := templates.New(
		templates.WithLanguages(templates.Thai, templates.English),
		templates.WithTexts(templates.English, map[templates.Key]string{
			"challenge.cancel": "Not now",
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pages.Match("de-DE, en;q=0.5"))
	fmt.Println(pages.Match("de-DE"))
	// Output:
	// en
	// th
}

// Whatever is wrong with the options is reported at once.
func ExampleNew_faults() {
	_, err := templates.New(
		templates.WithLanguages("xx"),
		templates.WithTexts(templates.English, map[templates.Key]string{
			"page.home": "Back",
		}),
	)
	fmt.Println(err)
	// Output:
	// templates: WithTexts("en"): text "page.home" has the placeholders [], want [issuer] as in English
	// templates: WithLanguages: no texts for language "xx": add them by WithTranslations
}

// The first language is for browsers that ask for none of them.
func ExampleWithLanguages() {
	for _, languages := range [][]templates.Language{{templates.English, templates.Thai}, {templates.Thai, templates.English}} {
		pages, _ := templates.New(templates.WithLanguages(languages...))
		fmt.Println(pages.Match("th;q=0.5, en"), pages.Match("de"))
	}
	// Output:
	// en en
	// en th
}

// One file adds a language, or replaces texts of one that is there. What it lacks is in
// English.
func ExampleWithTranslations() {
	translations := fstest.MapFS{ // or an embed.FS
		"sv.json": {Data: []byte(`{
			"_name": "svenska",
			"challenge.cancel": "Avbryt inloggningen",
			"devices.count": {"one": "{n} betrodd", "other": "{n} betrodda"}
		}`)},
	}
	pages, err := templates.New(templates.WithTranslations(translations))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pages.Match("sv-FI, en;q=0.5"))
	fmt.Println(pages.Missing("sv")[0])
	// Output:
	// sv
	// address.text
}

// A text with a count has a key for each plural form.
func ExampleWithTexts() {
	_, err := templates.New(templates.WithTexts(templates.English, map[templates.Key]string{
		"challenge.cancel":    "Not now",
		"devices.trust_one":   "Don’t ask until tomorrow",
		"devices.trust_other": "Don’t ask for {days} days",
	}))
	fmt.Println(err)
	// Output: <nil>
}

func ExampleWriteTranslation() {
	var file strings.Builder
	if err := templates.WriteTranslation(&file, "uk"); err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(file.String()) {
		if strings.Contains(line, `"duration.hours"`) {
			fmt.Print(line)
		}
	}
	// Output:
	//   "duration.hours": {"one": "{n} hour", "few": "{n} hours", "many": "{n} hours", "other": "{n} hours"},
}

// A translator's test.
func ExamplePages_Missing() {
	swedish := templates.Texts(templates.English) // to be translated
	swedish["_name"] = "svenska"
	pages, err := templates.New(templates.WithTexts("sv", swedish))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(pages.Missing("sv")))
	// Output: 0
}

// The application serves these itself, and exempts them from the gate.
func ExamplePages_LayoutPaths() {
	layout := fstest.MapFS{"layout.html": {Data: []byte(`<html lang="{{.Lang}}" dir="{{.Dir}}"><head>{{template "eagate/head" .}}
<link rel="stylesheet" href="/static/acme.css"></head><body>{{template "eagate/main" .}}{{template "eagate/scripts" .}}</body></html>`)}}
	pages, err := templates.New(templates.WithLayout(layout))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pages.LayoutPaths(), pages.Languages()[0])
	// Output: [/static/acme.css] en
}

// A layout may fail for what one user's data is: the page is then shown without it.
func ExamplePages_RenderPlain() {
	layout := fstest.MapFS{"layout.html": {Data: []byte(`<html lang="{{.Lang}}" dir="{{.Dir}}"><head>{{template "eagate/head" .}}</head>
<body>{{if eq .Email "al@example.com"}}{{slice .Email 99}}{{end}}{{template "eagate/main" .}}{{template "eagate/scripts" .}}</body></html>`)}}
	pages, err := templates.New(templates.WithLayout(layout))
	if err != nil {
		fmt.Println(err)
		return
	}
	view := templates.Devices{Page: templates.Page{Email: "al@example.com"}}
	var page bytes.Buffer
	if err := pages.Render(&page, view); err != nil {
		page.Reset()
		fmt.Println(pages.RenderPlain(&page, view))
	}
	fmt.Println(strings.Contains(page.String(), "<h1>Trusted devices</h1>"))
	// Output:
	// <nil>
	// true
}

func ExamplePages_Render() {
	pages, err := templates.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	nonce := rand.Text()
	var page bytes.Buffer // written to the client only if there is no error
	err = pages.Render(&page, templates.Challenge{
		Page: templates.Page{
			Lang:   pages.Match("en-GB"),
			Nonce:  nonce,
			Base:   "/2fa",
			Issuer: "Acme",
			Email:  "alice@example.com",
		},
		State:     templates.ChallengePending,
		Number:    "70",
		ExpiresIn: 4 * time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(page.String(), `<strong id="number">70</strong>`))
	fmt.Println(strings.Contains(pages.ContentSecurityPolicy(nonce), nonce))
	// Output:
	// true
	// true
}

func ExamplePages_Match() {
	pages, err := templates.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pages.Match("th-TH,th;q=0.9,en;q=0.8"))
	// Output: th
}

// A logo on another host is allowed by itself.
func ExamplePages_ContentSecurityPolicy() {
	pages, err := templates.New(templates.WithTheme(templates.Theme{
		Logo: templates.Image{URL: "https://cdn.acme.example/logo.svg"},
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.ReplaceAll(pages.ContentSecurityPolicy("R4ND0M"), "; ", "\n"))
	// Output:
	// default-src 'none'
	// style-src 'nonce-R4ND0M'
	// script-src 'nonce-R4ND0M'
	// connect-src 'self'
	// img-src 'self' https://cdn.acme.example
	// object-src 'none'
	// form-action 'self'
	// base-uri 'none'
	// frame-ancestors 'none'
}

func ExampleTexts() {
	fmt.Println(templates.Texts(templates.English)["challenge.title"])
	fmt.Println(templates.Texts(templates.Thai)["code.hint_other"])
	// Output:
	// Approve sign in request
	// ตัวเลข {digits} หลัก
}

func ExampleParseKeyURI() {
	key, err := templates.ParseKeyURI("otpauth://totp/Acme:alice%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Acme")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key.Groups())

	_, err = templates.ParseKeyURI("javascript:alert(1)")
	fmt.Println(err)
	// Output:
	// JBSW Y3DP EHPK 3PXP
	// templates: key URI is not otpauth://totp/ and a label
}

func ExampleQR() {
	key, err := templates.ParseKeyURI("otpauth://totp/Acme:alice%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Acme")
	if err != nil {
		fmt.Println(err)
		return
	}
	svg, err := templates.QR(key, "QR code")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.HasPrefix(string(svg), "<svg "))
	// Output: true
}

// Links of the application's own, and what New says of one that isn't a link.
func ExampleWithLinks() {
	pages, _ := templates.New(templates.WithLinks(templates.Links{Help: "mailto:help@acme.example", Password: "/forgotten", Privacy: "/privacy"}))
	fmt.Println(pages.Links().Help)

	_, err := templates.New(templates.WithLinks(templates.Links{Help: "javascript:alert(1)", Password: "https://acme.example/forgotten"}))
	fmt.Println(err)
	// Output:
	// mailto:help@acme.example
	// templates: WithLinks: Help: "javascript:alert(1)" is no path, such as /help, and no https or mailto URL
	// templates: WithLinks: Password: "https://acme.example/forgotten" isn't a plain path such as /account
}

// A theme of the application's colours, font and logo. A colour that can't be read isn't
// taken: New says which one near it is.
func ExampleWithTheme() {
	files := fstest.MapFS{"logo.svg": {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 1"/>`)}}
	theme := templates.Theme{
		Accent:  "#ffb000",
		Font:    `"Acme Sans", Verdana, sans-serif`,
		Radius:  "2px",
		Density: templates.Compact,
		Logo:    templates.Image{FS: files, Name: "logo.svg"},
	}
	_, err := templates.New(templates.WithTheme(theme))
	fmt.Println(err)

	theme.Accent, theme.AccentDark = "#855c00", "#ffb000"
	_, err = templates.New(templates.WithTheme(theme))
	fmt.Println(err)
	// Output:
	// templates: WithTheme: Accent: #ffb000 has a contrast of 1.58:1 with the light page's tinted ground, #f4eee0, want 4.5:1: use a colour such as #855c00
	// <nil>
}

// The pages in the header and footer of the application. New renders a sample, and says
// what browsers would refuse.
func ExampleWithLayout() {
	layout := `<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>
{{template "eagate/head" .}}
<link rel="stylesheet" href="https://cdn.acme.example/app.css">
</head>
<body>
<header style="color: green">Acme{{with .Data}}, for {{.Name}}{{end}}</header>
{{template "eagate/main" .}}
{{template "eagate/scripts" .}}
</body>
</html>
`
	_, err := templates.New(templates.WithLayout(fstest.MapFS{"layout.html": {Data: []byte(layout)}}))
	fmt.Println(err)

	layout = strings.Replace(layout, ` style="color: green"`, "", 1)
	pages, err := templates.New(
		templates.WithLayout(fstest.MapFS{"layout.html": {Data: []byte(layout)}}),
		templates.WithLayoutData(struct{ Name string }{}), // what middleware.WithLayoutData gives
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(pages.ContentSecurityPolicy("R4ND0M"), "style-src 'nonce-R4ND0M' https://cdn.acme.example;"))
	// Output:
	// templates: WithLayout: layout.html: <header style="color: green">: the policy allows no styles in attributes: use a class and a style sheet
	// true
}

// A template of the application begins as the original, whose first line says which
// original that was. Print it into a file of the application, and change the file.
func ExampleOriginal() {
	original := templates.Original("required.html")
	fmt.Println(strings.HasPrefix(original, "{{/* eagate:required.html:"))

	changed := strings.Replace(original, `{{define "body"}}`, `{{define "body"}}<p>Acme’s rules require it.</p>`, 1)
	pages, err := templates.New(templates.WithTemplates(fstest.MapFS{"required.html": {Data: []byte(changed)}}))
	if err != nil {
		fmt.Println(err)
		return
	}
	var page strings.Builder
	err = pages.Render(&page, templates.Required{Page: templates.Page{Nonce: "R4ND0M", Base: "/2fa", Issuer: "Acme"}})
	fmt.Println(strings.Contains(page.String(), "<p>Acme’s rules require it.</p>"), err)
	// Output:
	// true
	// true <nil>
}

// What a template lacks is found when the program starts.
func ExampleWithTemplates() {
	changed := strings.Replace(templates.Original("required.html"), `action="{{.Base}}/enable"`, `action="/enable"`, 1)
	_, err := templates.New(templates.WithTemplates(fstest.MapFS{"required.html": {Data: []byte(changed)}}))
	fmt.Println(err)
	// Output: templates: WithTemplates: required.html: now: no <form method="post" action="/2fa/enable">
}
