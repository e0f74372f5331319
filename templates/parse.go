package templates

import (
	"fmt"
	"html/template"
	"io/fs"
	"regexp"
	"strings"
	"sync"
)

// pageNames are the names of the pages, and of their templates without ".html".
var pageNames = []string{challengePage, securityPage, enablePage, requiredPage, recoveryPage, devicesPage, messagePage}

// A pageSet returns the templates of the pages in one language, by the page's name. They are
// parsed when the first page is shown: an application with many languages starts as quickly
// as one with two.
type pageSet func() (map[string]*template.Template, error)

func newPageSet(c *catalogue, o *own) pageSet {
	return sync.OnceValues(func() (map[string]*template.Template, error) {
		list := make(map[string]*template.Template)
		for _, name := range pageNames {
			page, err := parse(name, c, o)
			if err != nil {
				return nil, fmt.Errorf("templates: %w", err)
			}
			list[name] = page
		}
		return list, nil
	})
}

// An edition is this package's own pages in one language.
type edition struct {
	texts *catalogue
	pages pageSet
}

func newEdition(lang Language, have map[Language]texts) edition {
	c := newCatalogue(lang, have)
	return edition{c, newPageSet(c, new(own))}
}

// builtinEditions are the pages with this package's own texts. They are made once: a program
// may have many gates, and its tests more.
var builtinEditions = sync.OnceValue(func() map[Language]edition {
	have := make(map[Language]texts)
	for _, s := range builtin() {
		have[s.lang] = s.texts
	}
	editions := make(map[Language]edition)
	for lang := range have {
		editions[lang] = newEdition(lang, have)
	}
	return editions
})

// parse returns the templates of a page, some of which may be the application's own.
func parse(name string, c *catalogue, o *own) (*template.Template, error) {
	page := template.New(name).Option("missingkey=error").Funcs(funcs(c))
	for _, file := range []string{"layout", "code", "hosted", name} {
		source, err := fs.ReadFile(files, "html/"+file+".html")
		if err != nil {
			return nil, err
		}
		text, ok := o.pages[file]
		if !ok { // only in ours is each text known to be in HTML, and not in a script
			text = c.expand(string(source))
		}
		if page, err = page.Parse(text); err != nil {
			return nil, err
		}
	}
	return page, o.addLayout(page)
}

// constantText is an action of a template that writes a text without values, or another
// constant.
var constantText = regexp.MustCompile(`\{\{(?:t "([a-z.]+)"|yes|languageCSS)\}\}`)

// expand replaces the actions of a template that write constant texts by these texts, which
// are then quicker to write. It leaves texts with braces, which would be parsed as actions,
// and unknown ones, which are an error when the page is rendered.
func (c *catalogue) expand(source string) string {
	return constantText.ReplaceAllStringFunc(source, func(action string) string {
		switch action {
		case "{{yes}}":
			return Yes
		case "{{languageCSS}}":
			return c.style()
		}
		t, ok := c.texts[Key(constantText.FindStringSubmatch(action)[1])]
		if !ok || t.count != "" || len(t.forms[0]) != 1 || strings.ContainsAny(t.forms[0][0], "{}") {
			return action
		}
		return template.HTMLEscapeString(t.forms[0][0])
	})
}
