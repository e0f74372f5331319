package markup

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// A Policy is what [CheckPolicy] has found in a page.
type Policy struct {
	Faults  []string // what browsers would refuse, each once
	Sources Sources  // what the page loads
	Paths   []string // the paths of this site from which it loads style sheets, scripts and fonts

	nonce string
}

// CheckPolicy looks for all that the page loads and runs. The nonce is that of the pages'
// scripts and styles.
func CheckPolicy(page *html.Node, nonce string) *Policy {
	p := &Policy{nonce: nonce}
	walk(page, nil, func(n *html.Node, _ []*html.Node) { p.element(n) })
	return p
}

func (p *Policy) fault(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(p.Faults, text) {
		p.Faults = append(p.Faults, text)
	}
}

func (p *Policy) element(n *html.Node) {
	p.attributes(n)
	switch n.Data {
	case "style":
		p.checkNonce(n)
		p.style(content(n))
	case "script":
		p.checkNonce(n)
		p.loadPath("<script>", attr(n, "src"))
	case "link":
		p.link(n)
	case "img", "source", "input", "image":
		for _, src := range append([]string{attr(n, "src"), attr(n, "href")}, srcset(attr(n, "srcset"))...) {
			p.loadImage("<"+n.Data+">", src)
		}
	case "form":
		if action := attr(n, "action"); strings.Contains(action, ":") || strings.HasPrefix(action, "//") {
			p.fault("<form action=%q>: forms of these pages can only be sent to this site: use a path", action)
		}
	case "base":
		p.fault("<base>: it would move the links of the page: remove it")
	case "meta":
		if equiv := strings.ToLower(attr(n, "http-equiv")); equiv == "content-security-policy" || equiv == "refresh" {
			p.fault("<meta http-equiv=%q>: the pages have their own: remove it", equiv)
		}
	case "iframe", "frame", "object", "embed", "video", "audio", "applet", "portal", "fencedframe":
		p.fault("<%s>: the policy of these pages allows none: remove it", n.Data)
	}
}

func (p *Policy) attributes(n *html.Node) {
	for _, a := range n.Attr {
		switch key := strings.ToLower(a.Key); {
		case strings.HasPrefix(key, "on"):
			p.fault(`<%s %s>: the policy allows no handlers in attributes: use a <script nonce="{{.Nonce}}">`, n.Data, key)
		case key == "style":
			p.fault(`<%s style=%q>: the policy allows no styles in attributes: use a class and a style sheet`, n.Data, a.Val)
		case (key == "href" || key == "src" || key == "action" || key == "formaction") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:"):
			p.fault(`<%s %s=%q>: the policy allows no scripts in links: use a <script nonce="{{.Nonce}}">`, n.Data, key, a.Val)
		}
	}
}

func (p *Policy) checkNonce(n *html.Node) {
	if attr(n, "nonce") != p.nonce {
		p.fault(`<%s> without nonce="{{.Nonce}}": add it`, n.Data)
	}
}

func (p *Policy) link(n *html.Node) {
	href := attr(n, "href")
	for _, rel := range strings.Fields(strings.ToLower(attr(n, "rel"))) {
		switch rel {
		case "stylesheet":
			// A style sheet may load fonts and images from where it comes from.
			p.load(&p.Sources.Styles, "<link>", href)
			p.load(&p.Sources.Fonts, "<link>", href)
			p.loadImage("<link>", href)
		case "icon", "apple-touch-icon", "mask-icon":
			p.loadImage("<link>", href)
		case "modulepreload":
			p.checkNonce(n)
		case "manifest":
			p.fault(`<link rel="manifest">: these pages can't be installed: remove it`)
		case "preload":
			switch attr(n, "as") {
			case "font":
				p.load(&p.Sources.Fonts, "<link>", href)
			case "style":
				p.load(&p.Sources.Styles, "<link>", href)
			case "image":
				p.loadImage("<link>", href)
			case "script":
				p.checkNonce(n)
			}
		}
	}
}

var loadedByCSS = regexp.MustCompile(`(?i)url\(\s*["']?([^"')\s]+)|@import`)

func (p *Policy) style(css string) {
	for _, m := range loadedByCSS.FindAllStringSubmatch(css, -1) {
		if m[1] == "" {
			p.fault(`<style> with @import: use <link rel="stylesheet">`)
			continue
		}
		p.load(&p.Sources.Fonts, "<style>", m[1])
		p.loadImage("<style>", m[1])
	}
}

// load adds a style sheet or a font to its sources.
func (p *Policy) load(list *[]string, element, address string) {
	switch u := p.parse(element, address); {
	case u == nil:
	case u.Scheme == "":
		add(&p.Paths, u.Path)
		add(list, "'self'")
	case Origin(u) == "":
		p.refuse(element, address)
	default:
		add(list, Origin(u))
	}
}

// loadImage adds an image to the sources. Those of this site are allowed anyway.
func (p *Policy) loadImage(element, address string) {
	switch u := p.parse(element, address); {
	case u == nil || u.Scheme == "":
	case u.Scheme == "data":
		add(&p.Sources.Images, "data:")
	case Origin(u) == "":
		p.refuse(element, address)
	default:
		add(&p.Sources.Images, Origin(u))
	}
}

// loadPath adds the path of a script, which its nonce allows.
func (p *Policy) loadPath(element, address string) {
	switch u := p.parse(element, address); {
	case u == nil:
	case u.Scheme == "":
		add(&p.Paths, u.Path)
	case Origin(u) == "":
		p.refuse(element, address)
	}
}

func (p *Policy) refuse(element, address string) {
	p.fault("%s of %q: want a path of this site or an https URL", element, strings.TrimSpace(address))
}

// parse returns the URL of what an element loads, without a scheme if it is a path of this
// site, or nil if there is none to look at.
func (p *Policy) parse(element, address string) *url.URL {
	address = strings.TrimSpace(address)
	if address == "" || strings.HasPrefix(address, "#") {
		return nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		p.fault("%s of %q: it isn't a URL", element, address)
		return nil
	case u.Scheme == "" && u.Host != "":
		u.Scheme = "https"
	case u.Scheme == "" && !strings.HasPrefix(u.Path, "/"):
		p.fault("%s of %q: the pages have several paths: begin it with a slash", element, address)
		return nil
	}
	return u
}

// srcset returns the URLs of a srcset attribute.
func srcset(s string) (urls []string) {
	for candidate := range strings.SplitSeq(s, ",") {
		if fields := strings.Fields(candidate); len(fields) > 0 {
			urls = append(urls, fields[0])
		}
	}
	return urls
}
