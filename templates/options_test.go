package templates_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/eagate/eagate/templates"
)

func TestNewReportsEveryFault(t *testing.T) {
	tests := []struct {
		name string
		opts []templates.Option
		want []string
	}{
		{
			"unknown language", []templates.Option{templates.WithLanguages("xx", templates.Thai, templates.Thai)},
			[]string{`no texts for language "xx"`, `language "th" is named twice`},
		},
		{
			"texts",
			[]templates.Option{templates.WithTexts(templates.English, map[templates.Key]string{
				"no.such": "x", "code.hint": "some digits", "code.submit": " ",
			})},
			[]string{`unknown text "no.such"`, `text "code.hint" of language "en" has the placeholders [], not [{digits}]`, `"code.submit" of language "en" is empty`},
		},
		{
			"incomplete language", []templates.Option{templates.WithTexts("de", map[templates.Key]string{"code.submit": "Anmelden"})},
			[]string{`language "de" lacks text "code.hint"`, `language "de" lacks text "challenge.title"`},
		},
		{
			"no language", []templates.Option{templates.WithTexts("not a tag", templates.Texts(templates.English))},
			[]string{`"not a tag" is not a language`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := templates.New(tt.opts...)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestWithTexts(t *testing.T) {
	t.Run("replaces", func(t *testing.T) {
		p := newPages(t, templates.WithTexts(templates.English, map[templates.Key]string{"challenge.cancel": "Leave <now>"}))
		page := render(t, p, templates.Challenge{Page: plainPage(templates.English)})
		checkText(t, page, []string{"Leave &lt;now&gt;"}, []string{"Cancel sign-in"})
	})
	t.Run("adds", func(t *testing.T) {
		arabic := maps.Clone(templates.Texts(templates.English))
		arabic["page.direction"] = "rtl"
		p := newPages(t, templates.WithTexts("ar", arabic))
		lang := p.Match("ar-EG")
		page := render(t, p, templates.Challenge{Page: plainPage(lang)})
		checkText(t, page, []string{`<html lang="ar" dir="rtl">`}, nil)
	})
	t.Run("leaves the built-in texts alone", func(t *testing.T) {
		texts := templates.Texts(templates.English)
		texts["challenge.cancel"] = "changed"
		if got := templates.Texts(templates.English)["challenge.cancel"]; got != "Cancel sign-in" {
			t.Errorf("got %q", got)
		}
	})
}
