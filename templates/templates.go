package templates

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"

	"golang.org/x/text/language"

	"github.com/eagate/eagate/internal/markup"
)

//go:embed html
var files embed.FS

// Pages renders views. [New] makes it. Its methods are safe for concurrent use.
type Pages struct {
	languages []Language // the first is the default
	matcher   language.Matcher
	pages     map[Language]pageSet
	plain     map[Language]pageSet // without the application's own
	texts     map[Language]*catalogue
	assets    map[string]Asset
	links     Links
	look      look
	sources   markup.Sources
	own       own

	layoutPaths []string
}

// A View is the content of one page: a [Challenge], [Security], [Required], [Enable],
// [Recovery], [Devices] or [Message]. Other packages can't implement it.
type View interface {
	sheet() Sheet
}

// A Page has the fields of all pages.
type Page struct {
	// Lang is the language, as [Pages.Match] returns it. An unknown language, or none,
	// means the default one.
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

	// LanguagePath is the address of the page, with or without a query. The language menu
	// at the foot links to it with one more parameter, lang, such as "lang=de". If it is
	// empty, or there is only one language, there is no menu.
	LanguagePath string

	// Fields are hidden fields of all forms.
	Fields []Field

	// Data is the application's own data for its layout, as the function given to
	// middleware.WithLayoutData returns it.
	Data any
}

// A Field is a hidden field of a form.
type Field struct{ Name, Value string }

// A Sheet is the dot of the templates: a view, and what the layout around it needs. [New]
// fails if an application's template uses a field that there isn't.
type Sheet struct {
	Page
	Name   string        // the page's name, such as "challenge"
	Also   string        // the name of another script, or empty
	Mark   template.HTML // the picture above the title, or empty
	Title  Key           // the page's only first-level heading: {{t .Title}}
	Lead   Key           // the sentence below it, or empty
	Number string        // the number to tap, with which the window's title begins, or empty
	Failed bool          // whether the window's title reports an error
	View   any           // the page's own part, such as a *ChallengeSheet

	Dir       string        // the direction of the language, "ltr" or "rtl"
	Languages *LanguageMenu // or nil

	Style, StyleEnd         template.CSS // before and after the page's own style
	Script                  template.JS  // the page's scripts
	Scheme                  string       // the content of the meta element color-scheme
	Logo, LogoDark, Favicon string       // addresses, or empty
}

// New returns the pages, or every fault of the options, joined by [errors.Join], each with
// the name of its option. It reads all files of the options.
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
		plain:     make(map[Language]pageSet),
		texts:     make(map[Language]*catalogue),
		assets:    maps.Clone(scriptAssets()),
		own:       c.own,

		layoutPaths: c.layoutPaths,
	}
	if c.links != nil {
		p.links = *c.links
	}
	p.sources = c.sources
	p.setLook(c.look)
	for _, lang := range languages {
		var e edition
		if len(c.translations) == 0 {
			e = builtinEditions()[lang]
		} else {
			e = newEdition(lang, texts)
		}
		p.texts[lang], p.pages[lang], p.plain[lang] = e.texts, e.pages, e.pages
		if !p.own.isEmpty() {
			p.pages[lang] = newPageSet(e.texts, &p.own)
		}
	}
	if _, err := p.pages[languages[0]](); err != nil {
		return nil, err
	}
	return p, nil
}

// Render writes the page of v in its language. After an error it may have written a part of
// the page: render into a buffer.
func (p *Pages) Render(w io.Writer, v View) error {
	return p.render(w, v, p.pages, p.own.entry())
}

// RenderPlain is Render without the layout and the templates of the application. It is for a
// page that these have failed to render: users need what is on it.
func (p *Pages) RenderPlain(w io.Writer, v View) error {
	return p.render(w, v, p.plain, new(own).entry())
}

func (p *Pages) render(w io.Writer, v View, sets map[Language]pageSet, entry string) error {
	if v == nil {
		return errors.New("templates: no view")
	}
	s := v.sheet()
	s.Lang = p.known(s.Lang)
	s.Languages = p.menu(s.Page)
	p.look.apply(&s)
	s.Script = pageScripts()[s.Name+" "+s.Also]
	pages, err := sets[s.Lang]()
	if err != nil {
		return err
	}
	s.Dir = p.texts[s.Lang].direction()
	if err := pages[s.Name].ExecuteTemplate(w, entry, s); err != nil {
		return fmt.Errorf("templates: %s page: %w", s.Name, err)
	}
	return nil
}
