package templates

import (
	"fmt"
	"html/template"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// checkTemplates returns what is wrong with the application's templates of pages.
func (c *config) checkTemplates() []error {
	faults := c.readTemplates()
	for _, page := range slices.Sorted(maps.Keys(c.own.pages)) {
		for _, fault := range c.checkTemplate(page) {
			faults = append(faults, fmt.Errorf("templates: WithTemplates: %s.html: %s", page, fault))
		}
	}
	return faults
}

// checkTemplate renders a page of the application and the original in all states, and
// returns what is missing, each thing once.
func (c *config) checkTemplate(page string) (faults []string) {
	ours, err := parse(page, sampleCatalogue(), &own{})
	if err != nil {
		return []string{err.Error()}
	}
	theirs, err := parse(page, sampleCatalogue(), &own{pages: map[string]string{page: c.own.pages[page]}})
	if err != nil {
		return []string{err.Error()}
	}
	needed := neededIDs(page)
	for i, sample := range samples(page) {
		s := sample.view.sheet()
		s.Dir = "ltr"
		if i == 0 { // the style and the scripts don't depend on the state
			if err := theirs.ExecuteTemplate(io.Discard, "layout", s); err != nil {
				return []string{err.Error()}
			}
		}
		want, err := renderParts(ours, s, needed)
		if err != nil {
			return []string{err.Error()}
		}
		got, err := renderParts(theirs, s, needed)
		if err != nil {
			return append(faults, fmt.Sprintf("%s: %v", sample.name, err))
		}
		for _, fault := range append(want.missing(got), got.found.faults...) {
			if !slices.Contains(want.found.faults, fault) && !slices.ContainsFunc(faults, func(f string) bool { return strings.HasSuffix(f, fault) }) {
				faults = append(faults, sample.name+": "+fault)
			}
		}
		c.found.sources.merge(got.found.sources)
	}
	return faults
}

// parts are what a page has for the gate and for its scripts.
type parts struct {
	found *inspection
	forms []form
	data  []string // data attributes with their values
	ids   []string // of those that scripts look for
}

// A form is where it is sent to, and its fields.
type form struct {
	target string
	fields []string
}

func renderParts(page *template.Template, s Sheet, needed []string) (parts, error) {
	var b strings.Builder
	if err := page.ExecuteTemplate(&b, "head", s); err != nil {
		return parts{}, err
	}
	if err := page.ExecuteTemplate(&b, "eagate/main", s); err != nil {
		return parts{}, err
	}
	root, err := html.ParseWithOptions(strings.NewReader(b.String()), html.ParseOptionEnableScripting(false))
	if err != nil {
		return parts{}, err
	}
	p := parts{found: &inspection{sample: s}}
	p.found.walk(root, nil)
	p.collect(root, -1, needed)
	return p, nil
}

// collect adds the parts of an element and all in it, which is in the form of that index.
func (p *parts) collect(n *html.Node, in int, needed []string) {
	if n.Type == html.ElementNode {
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "data-"):
				p.data = append(p.data, fmt.Sprintf("%s=%q", a.Key, a.Val))
			case a.Key == "id" && slices.Contains(needed, a.Val):
				p.ids = append(p.ids, a.Val)
			}
		}
		switch n.Data {
		case "form":
			in = len(p.forms)
			p.forms = append(p.forms, form{target: strings.ToLower(attr(n, "method")) + " " + attr(n, "action")})
		case "input", "button", "select", "textarea":
			if in >= 0 {
				p.forms[in].fields = append(p.forms[in].fields, controls(n)...)
			}
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		p.collect(child, in, needed)
	}
}

// controls says what a field does for its form.
func controls(n *html.Node) (list []string) {
	if name := attr(n, "name"); name != "" {
		field := fmt.Sprintf("<%s name=%q", n.Data, name)
		if kind := attr(n, "type"); kind == "hidden" || kind == "checkbox" || n.Data == "button" {
			field += fmt.Sprintf(" value=%q", attr(n, "value"))
		}
		list = append(list, field+">")
	}
	if n.Data == "button" && attr(n, "type") != "button" {
		list = append(list, strings.TrimSuffix(fmt.Sprintf("<button formaction=%q>", attr(n, "formaction")), ` formaction="">`))
	}
	return list
}

// missing returns what of p isn't in got.
func (p parts) missing(got parts) (faults []string) {
	for _, d := range p.data {
		if !slices.Contains(got.data, d) {
			faults = append(faults, "no "+d)
		}
	}
	for _, id := range p.ids {
		if !slices.Contains(got.ids, id) {
			faults = append(faults, fmt.Sprintf("no id=%q, which a script needs", id))
		}
	}
	for _, f := range p.forms {
		least, found := f.fields, false
		for _, g := range got.forms {
			if g.target != f.target {
				continue
			}
			lacking := slices.DeleteFunc(slices.Clone(f.fields), func(field string) bool { return slices.Contains(g.fields, field) })
			if !found || len(lacking) < len(least) {
				least, found = lacking, true
			}
		}
		method, action, _ := strings.Cut(f.target, " ")
		switch {
		case !found:
			faults = append(faults, fmt.Sprintf("no <form method=%q action=%q>", method, action))
		case len(least) > 0:
			faults = append(faults, fmt.Sprintf("the form of %q lacks %s", action, strings.Join(least, ", ")))
		}
	}
	return faults
}

var aNeededID = regexp.MustCompile(`getElementById\("([a-z-]+)"\)`)

// neededIDs are the IDs by which the scripts of a page find elements.
func neededIDs(page string) (ids []string) {
	also := ""
	if page == challengePage {
		also = popupScript
	}
	for _, m := range aNeededID.FindAllStringSubmatch(string(pageScripts()[page+" "+also]), -1) {
		ids = append(ids, m[1])
	}
	return ids
}
