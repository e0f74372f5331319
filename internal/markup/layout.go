package markup

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// A Layout is what a page in an application's layout must have.
type Layout struct {
	Lang, Dir string   // of the html element
	Style     string   // a part of the style of "eagate/head"
	Script    string   // a part of the script of "eagate/scripts"
	IDs       []string // of the page's elements, which no others may have
}

// Check returns what is wrong with a page, each fault once.
func (l Layout) Check(page *html.Node) []string {
	c := layoutCheck{Layout: l}
	walk(page, nil, c.element)
	c.once(`"eagate/head"`, c.heads)
	c.once(`"eagate/main"`, c.pages)
	c.once(`"eagate/scripts"`, c.scripts)
	if c.pages == 1 && c.mains > 1 {
		c.fault(`a <main> of its own: {{template "eagate/main" .}} has one: use a <div>`)
	}
	return c.faults
}

type layoutCheck struct {
	Layout
	faults []string

	heads, pages, scripts int // how often each piece was found
	mains                 int // main elements, also of the layout itself
}

func (c *layoutCheck) fault(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(c.faults, text) {
		c.faults = append(c.faults, text)
	}
}

func (c *layoutCheck) once(piece string, n int) {
	switch {
	case n == 0:
		c.fault("no {{template %s .}}, or not as a whole: add it", piece)
	case n > 1:
		c.fault("%d times {{template %s .}}, want it once", n, piece)
	}
}

func (c *layoutCheck) element(n *html.Node, above []*html.Node) {
	inPage := slices.ContainsFunc(above, isWrapper)
	if id := attr(n, "id"); !inPage && slices.Contains(c.IDs, id) {
		c.fault("<%s id=%q>: the page has an element of that ID: choose another", n.Data, id)
	}
	switch n.Data {
	case "html":
		if attr(n, "lang") != c.Lang || attr(n, "dir") != c.Dir {
			c.fault(`<html> doesn't say which language it is: write <html lang="{{.Lang}}" dir="{{.Dir}}">`)
		}
	case "main":
		c.mains++
		if inPage && hasAttr(n, "data-page") {
			c.pages++
			c.place(above)
		}
	case "style":
		if strings.Contains(content(n), c.Style) {
			c.heads++
			if !slices.ContainsFunc(above, func(a *html.Node) bool { return a.Data == "head" }) {
				c.fault(`{{template "eagate/head" .}} isn't in <head>, or after an element that doesn't belong there: move it up`)
			}
		}
	case "script":
		if strings.Contains(content(n), c.Script) {
			c.scripts++
			if c.pages == 0 {
				c.fault(`{{template "eagate/scripts" .}} comes before {{template "eagate/main" .}}, which its scripts need: move it down`)
			}
		}
	}
}

// place finds the elements that a page can't be in.
func (c *layoutCheck) place(above []*html.Node) {
	for _, a := range above {
		switch {
		case slices.Contains([]string{"main", "form", "a", "button", "label", "template", "noscript", "dialog", "details", "p"}, a.Data):
			c.fault(`{{template "eagate/main" .}} is in <%s>: move it out`, a.Data)
		case hasAttr(a, "hidden") || hasAttr(a, "inert") || attr(a, "aria-hidden") == "true":
			c.fault(`{{template "eagate/main" .}} is in <%s>, which is hidden from users: move it out`, a.Data)
		}
	}
}

// isWrapper reports whether an element is the one that "eagate/main" puts around the page.
func isWrapper(n *html.Node) bool {
	return slices.Contains(strings.Fields(attr(n, "class")), "eagate")
}
