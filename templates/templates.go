// Package templates renders the pages of the second factor: the challenge,
// the security page, the enrolment, and messages.
//
// [New] parses everything once and reports every fault; after it, [Pages] is
// read-only and safe for concurrent use. Each page has a view, a plain struct
// that says what is to be shown and never how: [Challenge], [Security],
// [Required], [Enable], [Recovery], [Devices] and [Message]. Every word comes from
// a catalogue, in English and Thai, that [WithTexts] can change and add to.
// [Pages.Notice] has the texts of messages that aren't pages.
//
// The pages work without script, need nothing from other servers, and carry
// their style and script inline under a nonce; [ContentSecurityPolicy] is the
// policy they are made for.
package templates

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"

	"golang.org/x/text/language"
)

//go:embed html
var files embed.FS

// Pages renders views. It is safe for concurrent use.
type Pages struct {
	languages []Language // the first is the default
	matcher   language.Matcher
	layouts   map[Language]map[string]*template.Template // by language, then by page
	texts     map[Language]texts
}

// A View is what one page shows: a [Challenge], [Security], [Required], [Enable],
// [Recovery], [Devices] or [Message].
type View interface {
	sheet() sheet
}

// A Page is what all pages need to know.
type Page struct {
	// Lang is the language, as [Pages.Match] found it. A language that the
	// Pages don't have, and none, is the default one.
	Lang Language

	// Nonce admits the page's own style and script; see
	// [ContentSecurityPolicy].
	Nonce string

	// Base is the path below which the routes are, such as "/2fa".
	Base string

	// Issuer is the application's name.
	Issuer string

	// Email is whose second factor it is about, or empty.
	Email string

	// HomePath leads back to the application, or is empty for no link.
	HomePath string

	// PasswordPath is where the password is changed, and HelpURL where help is found; or
	// they are empty.
	PasswordPath, HelpURL string

	// Fields are hidden fields that all forms have.
	Fields []Field
}

// A Field is a hidden field of a form.
type Field struct{ Name, Value string }

// A sheet is a view made ready for its template.
type sheet struct {
	Page
	Name   string // the template, and its script
	Also   string // another script, or empty
	Title  Key    // the page's one first-level heading
	Lead   Key    // the sentence below it, or empty
	Failed bool   // whether the title tells of an error
	View   any    // the page's own part
}

// New returns the pages, or every fault of the options.
func New(opts ...Option) (*Pages, error) {
	c := config{texts: builtin()}
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	languages, err := c.check()
	if err != nil {
		return nil, err
	}
	p := &Pages{
		languages: languages,
		matcher:   newMatcher(languages),
		layouts:   make(map[Language]map[string]*template.Template),
		texts:     c.texts,
	}
	for _, lang := range languages {
		p.layouts[lang] = make(map[string]*template.Template)
		for _, name := range []string{challengePage, securityPage, enablePage, requiredPage, recoveryPage, devicesPage, messagePage} {
			layout, err := parse(name, c.texts[lang])
			if err != nil {
				return nil, fmt.Errorf("templates: %w", err)
			}
			p.layouts[lang][name] = layout
		}
	}
	return p, nil
}

// Render writes the page of v. It may have written a part of it when it
// returns an error: render into a buffer, and answer from that.
func (p *Pages) Render(w io.Writer, v View) error {
	if v == nil {
		return errors.New("templates: no view")
	}
	s := v.sheet()
	s.Lang = p.known(s.Lang)
	if err := p.layouts[s.Lang][s.Name].ExecuteTemplate(w, "layout", s); err != nil {
		return fmt.Errorf("templates: %s page: %w", s.Name, err)
	}
	return nil
}

func parse(name string, t texts) (*template.Template, error) {
	return template.New(name).
		Option("missingkey=error").
		Funcs(funcs(t)).
		ParseFS(files, "html/layout.html", "html/code.html", "html/hosted.html", "html/"+name+".html")
}
