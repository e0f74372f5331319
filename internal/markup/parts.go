package markup

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Parts are what a page has for the gate and for its scripts.
type Parts struct {
	forms []form
	data  []string // data attributes with their values
	ids   []string // of those that scripts look for
}

// A form is where it is sent to, and its fields.
type form struct {
	target string
	fields []string
}

// FindParts returns the parts of a page, whose scripts look for elements of these IDs.
func FindParts(page *html.Node, ids []string) Parts {
	var p Parts
	p.collect(page, -1, ids)
	return p
}

// Missing returns what of p isn't in got.
func (p Parts) Missing(got Parts) (faults []string) {
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

// collect adds the parts of an element and all in it, which is in the form of the
// index in, or in none if that is negative.
func (p *Parts) collect(n *html.Node, in int, wanted []string) {
	if n.Type == html.ElementNode {
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "data-"):
				p.data = append(p.data, fmt.Sprintf("%s=%q", a.Key, a.Val))
			case a.Key == "id" && slices.Contains(wanted, a.Val):
				p.ids = append(p.ids, a.Val)
			}
		}
		switch n.Data {
		case "form":
			in = len(p.forms)
			p.forms = append(p.forms, form{target: strings.ToLower(attr(n, "method")) + " " + attr(n, "action")})
		case "input", "button", "select", "textarea":
			if in >= 0 {
				p.forms[in].fields = append(p.forms[in].fields, fieldsOf(n)...)
			}
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		p.collect(child, in, wanted)
	}
}

// fieldsOf returns what an element adds to its form.
func fieldsOf(n *html.Node) (list []string) {
	if name := attr(n, "name"); name != "" {
		field := fmt.Sprintf("<%s name=%q", n.Data, name)
		if kind := attr(n, "type"); kind == "hidden" || kind == "checkbox" || n.Data == "button" {
			field += fmt.Sprintf(" value=%q", attr(n, "value"))
		}
		list = append(list, field+">")
	}
	if n.Data == "button" && attr(n, "type") != "button" {
		list = append(list, strings.Replace(fmt.Sprintf("<button formaction=%q>", attr(n, "formaction")), ` formaction=""`, "", 1))
	}
	return list
}
