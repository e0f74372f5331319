// Package markup checks HTML that templates of an application have made: what browsers
// would refuse under the Content-Security-Policy of the gate's pages ([CheckPolicy]),
// whether a layout has a page's pieces where they work ([Layout.Check]), and whether a page
// has all that its original has for the gate and its scripts ([Parts]).
package markup

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Parse parses a page as browsers without script do.
func Parse(page string) (*html.Node, error) {
	return html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(false))
}

// walk visits an element and all in it, each with the elements that it is in, the outermost
// first.
func walk(n *html.Node, above []*html.Node, visit func(n *html.Node, above []*html.Node)) {
	if n.Type == html.ElementNode {
		visit(n, above)
		above = append(slices.Clip(above), n)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		walk(child, above, visit)
	}
}

// attr returns the value of an attribute, or "".
func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

// content returns the text of a style or a script.
func content(n *html.Node) string {
	var b strings.Builder
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return b.String()
}
