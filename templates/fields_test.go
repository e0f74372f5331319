package templates_test

import (
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// Every form has the hidden fields, once.
func TestFields(t *testing.T)         { everyFormHasTheFields(t) }
func TestThoroughFields(t *testing.T) { everyFormHasTheFields(t) }

func everyFormHasTheFields(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	page := templates.Page{Base: "/2fa", Issuer: "Acme", Fields: []templates.Field{{Name: "token", Value: `"><b>`}, {Name: "more", Value: "1"}}}
	forms := 0
	for name, view := range every(t, page) {
		if !inSample(t, name) {
			continue
		}
		for i, form := range strings.Split(render(t, pages, view), "<form ") {
			if i == 0 {
				continue
			}
			forms++
			form, _, _ = strings.Cut(form, "</form>")
			for _, field := range []string{`<input type="hidden" name="token" value="&#34;&gt;&lt;b&gt;">`, `<input type="hidden" name="more" value="1">`} {
				expect.Equal(t, strings.Count(form, field), 1, "%s, form %q", name, form)
			}
		}
	}
	expect.Differ(t, forms, 0, "no forms")
}
