// Package gallery has the pages as people meet them: one view of each page in each state
// that a user can come to. make gallery shows them, and the tests look at all of them in
// browsers.
package gallery

import (
	"fmt"
	"time"

	"github.com/eagate/eagate/templates"
)

// A Scene is a page in one state.
type Scene struct {
	Page  string // the page's name, such as "challenge"
	State string // the state's, such as "pending", which no other scene of the page has
	Says  string // what the user sees, in one line
	View  templates.View
}

// Name is the name of the scene, such as "challenge-pending". No other one has it.
func (s Scene) Name() string { return s.Page + "-" + s.State }

// Page returns the fields of pages in a language, with each link that an application can
// give.
func Page(lang templates.Language) templates.Page {
	return templates.Page{
		Lang: lang, Nonce: "gallery", Base: "/2fa", Issuer: "Acme", Email: "alice@example.com",
		HomePath: "/account", PasswordPath: "/password", HelpURL: "https://help.example/2fa",
		PrivacyURL: "https://acme.example/privacy", LanguagePath: "/2fa/challenge",
		Fields: []templates.Field{{Name: "csrf", Value: "token"}},
	}
}

// Scenes returns all scenes, in the order in which people come to them, with the fields
// of page.
func Scenes(page templates.Page) []Scene {
	var scenes []Scene
	for _, of := range []func(templates.Page) []Scene{
		required, security, enable, recovery, challenge, code, hosted, stepUp, devices, messages, long,
	} {
		scenes = append(scenes, of(page)...)
	}
	return scenes
}

// at is a time that the pages show.
var at = time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC)

const (
	keyURI = "otpauth://totp/Acme:alice%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" +
		"&issuer=Acme&algorithm=SHA1&digits=6" +
		"&client_id=3f0f0a9a-6a1f-4d6e-9a55-0d4a3d4b7c11&email=alice%40example.com"
	webview = "https://identifier.example/start?redirect_uri=https%3A%2F%2Fapp.example&session_token=TOKEN"
)

// key parses an otpauth address of this package's own.
func key(uri string) templates.KeyURI {
	k, err := templates.ParseKeyURI(uri)
	if err != nil {
		panic(fmt.Sprintf("gallery: %v", err)) // a fault of the constant
	}
	return k
}
