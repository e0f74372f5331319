package templates_test

import (
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// The style and the scripts are sent without what is only for their readers.
func TestCompact(t *testing.T) {
	t.Parallel()
	page := render(t, newPages(t), waiting(templates.English))
	for _, text := range []string{"/*", "\n  ", "// ", " {", "; "} {
		for _, part := range []string{"style", "script"} {
			_, inline, _ := strings.Cut(page, "<"+part+` nonce="NONCE">`)
			if strings.HasPrefix(inline, ".typing {") {
				_, inline, _ = strings.Cut(inline, "<"+part+` nonce="NONCE">`)
			}
			inline, _, _ = strings.Cut(inline, "</"+part)
			if i := strings.Index(inline, text); i >= 0 {
				t.Errorf("the page's %s has %q: %q", part, text, inline[max(0, i-40):min(len(inline), i+40)])
			}
		}
	}
}

// What a script or a style has in quotes is sent as it stands, and in the same order.
func TestCompactLeavesStrings(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	page := plainPage(templates.English)
	challenge := waiting(templates.English)
	challenge.Hosted = &templates.Hosted{URL: webview, Popup: &templates.Popup{URL: webview, Origin: "https://identifier.example"}}
	security := templates.Security{Page: page, State: templates.FactorOn}
	views := map[string]templates.View{
		"html/challenge.js": challenge, "html/forms.js": challenge, "html/popup.js": challenge, "html/style.css": challenge,
		"html/enable.js":   templates.Enable{Page: page, Key: parseKey(t, keyURI)},
		"html/recovery.js": templates.Recovery{Page: page, Codes: []string{"0123-4567-89AB-CDEF"}},
		"html/times.js":    security, "html/pages.css": security,
	}
	names := append(sources(t, "html/*.js"), sources(t, "html/*.css")...)
	for _, name := range names {
		view, ok := views[name]
		if !ok {
			t.Errorf("%s: on which page is it?", name)
			continue
		}
		sent := render(t, p, view)
		found := 0
		for _, text := range quoted(read(t, name)) {
			_, after, ok := strings.Cut(sent, text)
			if !ok {
				t.Errorf("%s: %s isn't sent as it stands", name, text)
				continue
			}
			sent = after
			found++
		}
		expect.Differ(t, found, 0, "%s: found no strings", name)
	}
}

// quoted returns the strings of a script or a style, with their quotes.
func quoted(source string) (list []string) {
	for source != "" {
		end := 1
		switch {
		case strings.HasPrefix(source, "//"):
			end = strings.Index(source+"\n", "\n")
		case strings.HasPrefix(source, "/*"):
			end = strings.Index(source, "*/") + 2
		case source[0] == '"' || source[0] == '`':
			for source[end] != source[0] {
				if source[end] == '\\' {
					end++
				}
				end++
			}
			end++
			list = append(list, source[:end])
		}
		source = source[end:]
	}
	return list
}
