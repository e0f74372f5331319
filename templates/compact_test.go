package templates_test

import (
	"strings"
	"testing"

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

// What a script says, or asks a browser, is sent as it stands.
func TestCompactLeavesStrings(t *testing.T) {
	t.Parallel()
	page := render(t, newPages(t), templates.Enable{Page: plainPage(templates.English), Key: parseKey(t, keyURI)})
	if want := `matchMedia("(max-width: 47.99rem), (pointer: coarse) and (max-height: 30rem)")`; !strings.Contains(page, want) {
		t.Errorf("want %s in the script:\n%s", want, page)
	}
}
