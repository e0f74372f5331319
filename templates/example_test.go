package templates_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
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
		templates.WithLanguages("fr"),
		templates.WithTexts(templates.English, map[templates.Key]string{
			"code.hint": "some digits",
		}),
	)
	fmt.Println(err)
	// Output:
	// templates: no texts for language "fr"
	// templates: text "code.hint" of language "en" has the placeholders [], not [{digits}]
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

// A language of the application's own needs all texts.
func ExampleWithTexts() {
	german := templates.Texts(templates.English) // to be translated
	_, err := templates.New(templates.WithTexts("de", german))
	fmt.Println(err)

	delete(german, "challenge.cancel")
	_, err = templates.New(templates.WithTexts("de", german))
	fmt.Println(err)
	// Output:
	// <nil>
	// templates: language "de" lacks text "challenge.cancel"
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
	fmt.Println(strings.Contains(templates.ContentSecurityPolicy(nonce), nonce))
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

func ExampleContentSecurityPolicy() {
	fmt.Println(strings.ReplaceAll(templates.ContentSecurityPolicy("R4ND0M"), "; ", "\n"))
	// Output:
	// default-src 'none'
	// style-src 'nonce-R4ND0M'
	// script-src 'nonce-R4ND0M'
	// connect-src 'self'
	// img-src 'self'
	// object-src 'none'
	// form-action 'self'
	// base-uri 'none'
	// frame-ancestors 'none'
}

func ExampleTexts() {
	fmt.Println(templates.Texts(templates.English)["challenge.title"])
	fmt.Println(templates.Texts(templates.Thai)["code.hint"])
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
