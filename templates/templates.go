// Package templates renders the pages of the second factor: the challenge, the security
// page, the enrolment, and messages.
//
// [New] checks all templates and texts and reports every fault; the [Pages] are then read-only
// and safe for concurrent use. Each page has a view, a struct with the content but not
// the layout: [Challenge], [Security], [Required], [Enable], [Recovery], [Devices] and
// [Message]. All texts come from a catalogue of several languages, which [WithTranslations]
// can change and extend. [Pages.Notice] has the texts of messages that aren't pages.
//
// The pages work without script, load nothing from other servers, and have their style
// and script inline with a nonce; [Pages.ContentSecurityPolicy] is their policy.
package templates

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"

	"golang.org/x/text/language"

	"github.com/eagate/eagate/internal/markup"
)

//go:embed html
var files embed.FS

// Pages renders views. It is safe for concurrent use.
type Pages struct {
	languages []Language // the first is the default
	matcher   language.Matcher
	pages     map[Language]pageSet
	texts     map[Language]*catalogue
	assets    map[string]Asset
	links     Links
	look      look
	sources   markup.Sources
	own       own

	layoutPaths []string
}

// A View is the content of one page: a [Challenge], [Security], [Required], [Enable],
// [Recovery], [Devices] or [Message].
type View interface {
	sheet() Sheet
}

// A Page has the fields of all pages.
type Page struct {
	// Lang is the language, as [Pages.Match] returns it. An unknown language, or
	// none, is the default one.
	Lang Language

	// Nonce allows the page's own style and script; see
	// [Pages.ContentSecurityPolicy].
	Nonce string

	// Base is the path of the routes, such as "/2fa".
	Base string

	// Issuer is the application's name.
	Issuer string

	// Email is the user's address, or empty.
	Email string

	// HomePath is a link to the application, or empty for none.
	HomePath string

	// PasswordPath, HelpURL and PrivacyURL are the [Links] as browsers see them, or
	// empty.
	PasswordPath, HelpURL, PrivacyURL string

	// LanguagePath is the address of the page, to which the language menu at its foot adds
	// "lang", the language that the user chooses, as a parameter of the query. It may have
	// a query. If it is empty, or there is one language only, there is no menu.
	LanguagePath string

	// Fields are hidden fields of all forms.
	Fields []Field

	// Data is the application's own, for its layout: what the function of middleware's
	// WithLayoutData returns for the request.
	Data any
}

// A Field is a hidden field of a form.
type Field struct{ Name, Value string }

// A Sheet is what templates get: a view, and what its layout needs.
type Sheet struct {
	Page
	Name   string        // of the page, such as "challenge"
	Also   string        // the name of another script, or empty
	Mark   template.HTML // the picture above the title, or empty
	Title  Key           // the page's one first-level heading: {{t .Title}}
	Lead   Key           // the sentence below it, or empty
	Number string        // what the window's title begins with: a number to tap, or empty
	Failed bool          // whether the title tells of an error
	View   any           // the page's own part

	Dir       string        // the direction of the language, "ltr" or "rtl"
	Languages *LanguageMenu // or nil

	Style, StyleEnd         template.CSS // around that of the page itself
	Script                  template.JS  // of the page
	Scheme                  string       // the content of the meta element color-scheme
	Logo, LogoDark, Favicon string       // addresses, or empty
}

// New returns the pages, or every fault of the options.
func New(opts ...Option) (*Pages, error) {
	var c config
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	languages, texts, err := c.check()
	if err != nil {
		return nil, err
	}
	p := &Pages{
		languages: languages,
		matcher:   newMatcher(languages),
		pages:     make(map[Language]pageSet),
		texts:     make(map[Language]*catalogue),
		assets:    make(map[string]Asset),
		own:       c.own,

		layoutPaths: c.layoutPaths,
	}
	p.addScripts()
	if c.links != nil {
		p.links = *c.links
	}
	p.sources = c.sources
	p.setLook(c.look)
	for _, lang := range languages {
		p.texts[lang] = newCatalogue(lang, texts)
		p.pages[lang] = newPageSet(p.texts[lang], &p.own)
	}
	if _, err := p.pages[languages[0]](); err != nil {
		return nil, err
	}
	return p, nil
}

// Render writes the page of v. After an error it may have written a part of it, so render
// into a buffer.
func (p *Pages) Render(w io.Writer, v View) error {
	if v == nil {
		return errors.New("templates: no view")
	}
	s := v.sheet()
	s.Lang = p.known(s.Lang)
	s.Languages = p.menu(s.Page)
	p.look.apply(&s)
	s.Script = pageScripts()[s.Name+" "+s.Also]
	pages, err := p.pages[s.Lang]()
	if err != nil {
		return err
	}
	s.Dir = p.texts[s.Lang].direction()
	if err := pages[s.Name].ExecuteTemplate(w, p.own.entry(), s); err != nil {
		return fmt.Errorf("templates: %s page: %w", s.Name, err)
	}
	return nil
}
