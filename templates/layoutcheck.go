package templates

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/html"
)

// An inspection is what is found in a sample of the layout, as browsers parse it.
type inspection struct {
	sample  Sheet
	faults  []string
	sources sources
	paths   []string // of this site, from which it loads

	heads, mains, scripts int  // the pieces
	allMains              int  // also the layout's own
	after                 bool // whether the page's main element was seen
}

// inspect parses a sample of the layout.
func inspect(page string, sample Sheet) *inspection {
	i := &inspection{sample: sample}
	root, err := html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(false))
	if err != nil {
		i.fault("%v", err)
		return i
	}
	i.walk(root, nil)
	i.count(`"eagate/head"`, i.heads)
	i.count(`"eagate/main"`, i.mains)
	i.count(`"eagate/scripts"`, i.scripts)
	if i.mains == 1 && i.allMains > 1 {
		i.fault(`a <main> of its own: {{template "eagate/main" .}} has one`)
	}
	return i
}

func (i *inspection) fault(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(i.faults, text) {
		i.faults = append(i.faults, text)
	}
}

func (i *inspection) count(piece string, n int) {
	switch {
	case n == 0:
		i.fault("no {{template %s .}}, or not as a whole", piece)
	case n > 1:
		i.fault("%d times {{template %s .}}, want it once", n, piece)
	}
}

// walk looks at an element and all in it; the path leads there from the root.
func (i *inspection) walk(n *html.Node, above []*html.Node) {
	if n.Type == html.ElementNode {
		i.element(n, above)
		above = append(slices.Clip(above), n)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		i.walk(child, above)
	}
}

// unframed are elements whose content the policy refuses.
var unframed = []string{"iframe", "frame", "object", "embed", "video", "audio", "applet", "portal", "fencedframe"}

func (i *inspection) element(n *html.Node, above []*html.Node) {
	ours := slices.ContainsFunc(above, isWrapper) // the page within the layout
	i.attributes(n, ours)
	switch n.Data {
	case "html":
		if attr(n, "lang") != string(i.sample.Lang) || attr(n, "dir") != i.sample.Dir {
			i.fault(`<html> doesn't say which language it is: write <html lang="{{.Lang}}" dir="{{.Dir}}">`)
		}
	case "main":
		i.allMains++
		if ours && attr(n, "data-page") != "" {
			i.mains++
			i.after = true
			i.place(above)
		}
	case "style":
		i.nonce(n)
		if strings.Contains(content(n), ".eagate{color-scheme") {
			i.heads++
			if !slices.ContainsFunc(above, func(a *html.Node) bool { return a.Data == "head" }) {
				i.fault(`{{template "eagate/head" .}} isn't in <head>, or after an element that doesn't belong there`)
			}
			return
		}
		i.inStyle(content(n))
	case "script":
		i.nonce(n)
		if src := attr(n, "src"); src != "" {
			i.load(nil, "<script>", src)
		}
		if strings.Contains(content(n), formsCompact()) {
			i.scripts++
			if !i.after {
				i.fault(`{{template "eagate/scripts" .}} comes before {{template "eagate/main" .}}, on which they work`)
			}
		}
	case "link":
		i.link(n)
	case "img", "source", "input", "image":
		for _, src := range append([]string{attr(n, "src"), attr(n, "href")}, srcset(attr(n, "srcset"))...) {
			i.load(&i.sources.images, "<"+n.Data+">", src)
		}
	case "form":
		if action := attr(n, "action"); strings.Contains(action, ":") || strings.HasPrefix(action, "//") {
			i.fault("<form action=%q>: forms of these pages can only be sent to this site", action)
		}
	case "base":
		i.fault("<base>: the policy allows none, because it would move the links of the page")
	case "meta":
		if equiv := strings.ToLower(attr(n, "http-equiv")); equiv == "content-security-policy" || equiv == "refresh" {
			i.fault("<meta http-equiv=%q>: leave it out, the gate has its own", equiv)
		}
	}
	if slices.Contains(unframed, n.Data) {
		i.fault("<%s>: the policy of these pages allows none", n.Data)
	}
}

// place says what the main element can't be in.
func (i *inspection) place(above []*html.Node) {
	for _, a := range above {
		switch {
		case slices.Contains([]string{"main", "form", "a", "button", "label", "template", "noscript", "dialog", "details", "p"}, a.Data):
			i.fault(`{{template "eagate/main" .}} is in <%s>`, a.Data)
		case hasAttr(a, "hidden") || hasAttr(a, "inert") || attr(a, "aria-hidden") == "true":
			i.fault(`{{template "eagate/main" .}} is in <%s>, which is hidden from users`, a.Data)
		}
	}
}

// ownIDs are the IDs of the gate's pages, which its scripts and labels find.
var ownIDs = sync.OnceValue(func() map[string]bool {
	ids := make(map[string]bool)
	entries, _ := files.ReadDir("html")
	for _, e := range entries {
		source, _ := files.ReadFile("html/" + e.Name())
		for _, m := range regexp.MustCompile(` id="([a-z-]+)`).FindAllSubmatch(source, -1) {
			ids[string(m[1])] = true
		}
	}
	return ids
})

func (i *inspection) attributes(n *html.Node, ours bool) {
	for _, a := range n.Attr {
		key := strings.ToLower(a.Key)
		switch {
		case strings.HasPrefix(key, "on"):
			i.fault(`<%s %s>: the policy allows no handlers in attributes: use a <script nonce="{{.Nonce}}">`, n.Data, key)
		case key == "style":
			i.fault(`<%s style=%q>: the policy allows no styles in attributes: use a class and a style sheet`, n.Data, a.Val)
		case (key == "href" || key == "src" || key == "action" || key == "formaction") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:"):
			i.fault("<%s %s=%q>: the policy allows no scripts in links", n.Data, key, a.Val)
		case key == "id" && !ours && ownIDs()[a.Val]:
			i.fault("<%s id=%q>: the gate's pages have an element of that ID: choose another", n.Data, a.Val)
		}
	}
}

func (i *inspection) nonce(n *html.Node) {
	if attr(n, "nonce") != i.sample.Nonce {
		i.fault(`<%s> without nonce="{{.Nonce}}"`, n.Data)
	}
}

func (i *inspection) link(n *html.Node) {
	href := attr(n, "href")
	for _, rel := range strings.Fields(strings.ToLower(attr(n, "rel"))) {
		switch rel {
		case "stylesheet":
			// A style sheet may load fonts and images from where it comes from.
			i.load(&i.sources.styles, "<link>", href)
			i.load(&i.sources.fonts, "<link>", href)
			i.load(&i.sources.images, "<link>", href)
		case "icon", "apple-touch-icon", "mask-icon":
			i.load(&i.sources.images, "<link>", href)
		case "modulepreload":
			i.nonce(n)
		case "manifest":
			i.fault(`<link rel="manifest">: the policy allows none, and these pages can't be installed`)
		case "preload":
			switch attr(n, "as") {
			case "font":
				i.load(&i.sources.fonts, "<link>", href)
			case "style":
				i.load(&i.sources.styles, "<link>", href)
			case "image":
				i.load(&i.sources.images, "<link>", href)
			case "script":
				i.nonce(n)
			}
		}
	}
}

var inCSS = regexp.MustCompile(`(?i)url\(\s*["']?([^"')\s]+)|@import`)

// inStyle looks for what a style of the layout loads.
func (i *inspection) inStyle(css string) {
	for _, m := range inCSS.FindAllStringSubmatch(css, -1) {
		if m[1] == "" {
			i.fault(`<style> with @import: use <link rel="stylesheet">`)
			continue
		}
		i.load(&i.sources.fonts, "<style>", m[1])
		i.load(&i.sources.images, "<style>", m[1])
	}
}

// load adds what an element loads to the sources, unless its nonce allows it.
func (i *inspection) load(list *[]string, element, raw string) {
	raw = strings.TrimSpace(raw)
	if raw == "" || strings.HasPrefix(raw, "#") {
		return
	}
	u, err := url.Parse(raw)
	if err != nil {
		i.fault("%s of %q, which is no URL", element, raw)
		return
	}
	if u.Scheme == "" && u.Host != "" {
		u.Scheme = "https"
	}
	switch {
	case u.Scheme == "data" && list == &i.sources.images:
		add(list, "data:")
	case u.Scheme == "" && strings.HasPrefix(u.Path, "/"):
		if list == nil || list != &i.sources.images {
			add(&i.paths, u.Path)
		}
		if list != nil && list != &i.sources.images { // which are allowed anyway
			add(list, "'self'")
		}
	case u.Scheme == "":
		i.fault("%s of %q: the pages have several paths: begin it with a slash", element, raw)
	case originOf(u) == "":
		i.fault("%s of %q: want a path of this site or an https URL", element, raw)
	case list != nil:
		add(list, originOf(u))
	}
}

// srcset returns the URLs of a srcset attribute.
func srcset(s string) (urls []string) {
	for _, candidate := range strings.Split(s, ",") {
		if fields := strings.Fields(candidate); len(fields) > 0 {
			urls = append(urls, fields[0])
		}
	}
	return urls
}

func isWrapper(n *html.Node) bool {
	return slices.Contains(strings.Fields(attr(n, "class")), "eagate")
}

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

func content(n *html.Node) string {
	var b strings.Builder
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return b.String()
}
