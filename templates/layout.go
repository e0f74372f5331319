package templates

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/eagate/eagate/internal/markup"
)

// layoutFile is the layout of an application.
const layoutFile = "layout.html"

// maxTemplate is the size of a template of the application, in bytes.
const maxTemplate = 256 << 10

// A templateSource is the text of a template.
type templateSource struct{ name, text string }

// own are the application's templates.
type own struct {
	layout []templateSource // the layout first, then its parts; or none
	pages  map[string]string
	data   any // Page.Data of samples
}

// WithLayout puts the pages between the application's own header and footer. Without it,
// they have neither. The file
// layout.html of fsys is a template of html/template; other files *.html beside it are
// parts that it can use by their names:
//
//	<!doctype html>
//	<html lang="{{.Lang}}" dir="{{.Dir}}">
//	<head>
//	{{template "eagate/head" .}}
//	<link rel="stylesheet" href="/static/app.css">
//	</head>
//	<body>
//	{{template "header.html" .}}
//	{{template "eagate/main" .}}
//	{{template "eagate/scripts" .}}
//	</body>
//	</html>
//
// Each of the three pieces must occur exactly once. "eagate/head", in the head, is the
// title, metadata and style of the page. "eagate/main" is its main element, in an element
// of class "eagate", outside of which the page's style has no effect. "eagate/scripts",
// after it, are the scripts; the page works without them, too. The dot is a [Sheet].
//
// [New] renders a sample and reports what browsers would refuse: scripts and styles without
// nonce="{{.Nonce}}", attributes with styles or event handlers, and frames. The pages'
// Content-Security-Policy allows the origins of the style sheets and images in the sample,
// and fonts from the origins of its style sheets; fonts of other origins need a
// <link rel="preload" as="font">.
//
// The layout is part of the application: it gets the user's address and the nonce, and its
// scripts run on pages with codes.
func WithLayout(fsys fs.FS) Option {
	return func(c *config) { c.layout, c.layoutSet = fsys, true }
}

// WithLayoutData sets the [Page] Data with which [New] renders its sample of the layout,
// such as the zero value of its type. Without it, Data is nil. middleware.WithLayoutData
// sets it by itself.
func WithLayoutData(sample any) Option { return func(c *config) { c.own.data = sample } }

// LayoutPaths returns the paths of this site from which the layout loads style sheets,
// scripts and fonts. They must be exempt, or the challenge page can't load them.
func (p *Pages) LayoutPaths() []string { return slices.Clone(p.layoutPaths) }

// readLayout reads the layout and its parts.
func (c *config) readLayout() []error {
	if !c.layoutSet {
		return nil
	}
	fail := func(err error) []error { return []error{fmt.Errorf("templates: WithLayout: %w", err)} }
	if c.layout == nil {
		return fail(errors.New("no file system: give one with " + layoutFile))
	}
	names, err := fs.Glob(c.layout, "*.html")
	if err != nil {
		return fail(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == layoutFile })
	for _, name := range append([]string{layoutFile}, names...) {
		text, err := readText(c.layout, name, maxTemplate)
		if err != nil {
			return fail(err)
		}
		c.own.layout = append(c.own.layout, templateSource{path.Base(name), text})
	}
	return nil
}

// entry is the template that a page begins with.
func (o *own) entry() string {
	if len(o.layout) > 0 {
		return layoutFile
	}
	return "layout"
}

func (o *own) isEmpty() bool { return len(o.layout) == 0 && len(o.pages) == 0 }

// addLayout parses the layout into a page's templates.
func (o *own) addLayout(page *template.Template) error {
	var names []string // of this package's templates
	for _, t := range page.Templates() {
		if !strings.HasSuffix(t.Name(), ".html") {
			names = append(names, t.Name())
		}
	}
	for _, source := range o.layout {
		alone, err := template.New(source.name).Funcs(funcs(sampleCatalogue())).Parse(source.text)
		if err != nil {
			return err
		}
		for _, t := range alone.Templates() {
			if slices.Contains(names, t.Name()) {
				return fmt.Errorf("%s defines %q, which the pages define, too: choose another name", source.name, t.Name())
			}
		}
	}
	for _, source := range o.layout {
		if _, err := page.New(source.name).Parse(source.text); err != nil {
			return err
		}
	}
	return nil
}

// checkLayout returns what is wrong with the layout, in a sample of a page.
func (c *config) checkLayout() []error {
	faults := c.readLayout()
	if len(c.own.layout) == 0 || len(faults) > 0 {
		return faults
	}
	fail := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("templates: WithLayout: "+format, args...))
	}
	page, err := parse(requiredPage, sampleCatalogue(), &own{layout: c.own.layout})
	if err != nil {
		fail("%w", err)
		return faults
	}
	seen := make(map[string]bool)
	for _, of := range [...]struct {
		lang Language
		dir  string
	}{{English, "ltr"}, {Arabic, "rtl"}} {
		s := Required{Page: samplePage(of.lang)}.sheet()
		s.Script = pageScripts()[s.Name+" "+s.Also]
		s.Dir, s.Data = of.dir, c.own.data
		c.look.apply(&s)
		var b strings.Builder
		if err := page.ExecuteTemplate(&b, layoutFile, s); err != nil {
			hint := ""
			if s.Data == nil && strings.Contains(err.Error(), ".Data") {
				hint = ": there is no .Data: set it by WithLayoutData"
			}
			fail("%w%s", err, hint)
			return faults
		}
		root, err := markup.Parse(b.String())
		if err != nil {
			fail("%w", err)
			return faults
		}
		policy := markup.CheckPolicy(root, s.Nonce)
		want := markup.Layout{Lang: string(of.lang), Dir: of.dir, Style: ".eagate{color-scheme", Script: formsCompact(), IDs: pageIDs()}
		for _, text := range append(want.Check(root), policy.Faults...) {
			if !seen[text] {
				fail("%s: %s", layoutFile, text)
			}
			seen[text] = true
		}
		c.sources, c.layoutPaths = policy.Sources, policy.Paths
	}
	return faults
}

// pageIDs returns the IDs of the elements of pages, which scripts and labels find by them.
var pageIDs = sync.OnceValue(func() (ids []string) {
	entries, _ := files.ReadDir("html")
	for _, e := range entries {
		source, _ := files.ReadFile("html/" + e.Name())
		for _, m := range idAttribute.FindAllSubmatch(source, -1) {
			ids = append(ids, string(m[1]))
		}
	}
	return ids
})

var idAttribute = regexp.MustCompile(` id="([a-z-]+)`)
