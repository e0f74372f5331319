package templates_test

import (
	"html"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/eagate/eagate/internal/expect"
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
			[]string{`no texts for language "xx": add them by WithTranslations`, `language "th" is named twice`},
		},
		{
			"texts",
			[]templates.Option{templates.WithTexts(templates.English, map[templates.Key]string{
				"no.such": "x", "code.label": "Code of {issuer}", "page.home": "Back", "code.submit": " ", "code.hint": "some digits", "code.wrong_one": "x",
				"code.hint_other": "some digits", "devices.trust_one": "For one day",
			})},
			[]string{
				`WithTexts("en"): there is no text "no.such": remove it`, `text "code.label" has the placeholders [issuer], want []`,
				`text "page.home" has the placeholders [], want [issuer]`, `text "code.submit" is empty`,
				`text "code.hint" has a count, {digits}: give it as plural forms`, `text "code.wrong" has no count: give a single text`,
				`text "code.hint_other" has the placeholders [], want [digits]`,
			},
		},
		{
			"no language", []templates.Option{templates.WithTexts("not a tag", templates.Texts(templates.English))},
			[]string{`WithTexts("not a tag"): "not a tag" is not a language: use a BCP 47 tag`},
		},
		{
			"written otherwise", []templates.Option{templates.WithTranslations(fstest.MapFS{"pt-br.json": file(`{"code.label": "Código"}`)})},
			[]string{`pt-br.json: language "pt-br" is written "pt-BR"`},
		},
		{
			"several files",
			[]templates.Option{templates.WithTranslations(fstest.MapFS{
				"ru.json": file(`{"devices.trust": {"one": "{days} день", "other": "{days} дня"}}`),
				"el.json": file(`{"code.label": ["x"]}`),
				"sv.json": file(`{"code.label": "x", "code.label": "y"}`),
				"da.json": file(`{"no.such": "x"}`),
			})},
			[]string{
				`ru.json: text "devices.trust" lacks plural forms that language "ru" needs: add few, many`,
				`el.json: text "code.label" is neither a string nor an object of plural forms`,
				`sv.json: `, `duplicate`, `da.json: there is no text "no.such"`,
			},
		},
		{
			"one that says no number for several", // in Russian, 21 has the form of 1
			[]templates.Option{templates.WithTexts("ru", map[templates.Key]string{
				"devices.trust_one": "день", "devices.trust_few": "{days} дня", "devices.trust_many": "{days} дней", "devices.trust_other": "{days} дня",
			})},
			[]string{`text "devices.trust_one" has the placeholders [], want [days]`},
		},
		{"no name", []templates.Option{templates.WithTexts("sv", map[templates.Key]string{"code.label": "Kod"})}, []string{`WithTexts("sv"): language "sv" has no name: add "_name"`}},
		{"files in a folder", []templates.Option{templates.WithTranslations(fstest.MapFS{"lang/nl.json": {Data: []byte("{}")}})}, []string{`there is lang/nl.json: give its folder, by fs.Sub(files, "lang")`}},
		{"a comma too many", []templates.Option{templates.WithTranslations(fstest.MapFS{"nl.json": {Data: []byte("{\n\"_name\": \"Nederlands\",\n}")}})}, []string{`nl.json: line 2: `}},
		{"a layout in a folder", []templates.Option{templates.WithLayout(fstest.MapFS{"pages/layout.html": {}})}, []string{`layout.html: file does not exist; there is pages/layout.html: give its folder, by fs.Sub(files, "pages")`}},
		{"no files", []templates.Option{templates.WithTranslations(fstest.MapFS{})}, []string{`WithTranslations: found no file such as de.json`}},
		{"no file system", []templates.Option{templates.WithTranslations(nil)}, []string{`WithTranslations: no file system`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := templates.New(tt.opts...)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range tt.want {
				expect.Contains(t, err.Error(), want)
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
	t.Run("adds, and one is for any number of a form", func(t *testing.T) {
		p := newPages(t, templates.WithTexts(templates.English, map[templates.Key]string{"devices.trust_one": "Don’t ask until tomorrow"}))
		for days, want := range map[int]string{1: "Don’t ask until tomorrow", 2: "for 2 days"} {
			page := render(t, p, templates.Devices{Page: plainPage(templates.English), CanTrust: true, Lifetime: time.Duration(days) * 24 * time.Hour})
			checkText(t, page, []string{want}, nil)
		}
	})
	t.Run("leaves the built-in texts alone", func(t *testing.T) {
		texts := templates.Texts(templates.English)
		texts["challenge.cancel"] = "changed"
		expect.Equal(t, templates.Texts(templates.English)["challenge.cancel"], "Cancel sign-in")
	})
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// TestTranslationFallsBackTextByText is about languages of an application that has
// translated a little of each.
func TestTranslationFallsBackTextByText(t *testing.T) {
	p := newPages(t, templates.WithTranslations(fstest.MapFS{
		"ru.json":    file(`{"_name": "русский", "challenge.cancel": "Отмена"}`),
		"he.json":    file(`{"_name": "עברית", "challenge.cancel": "ביטול"}`),
		"nl.json":    file(`{"_name": "Nederlands", "challenge.cancel": "Afbreken", "devices.title": "Apparaten", "devices.trust": {"one": "{days} dag", "other": "{days} dagen"}}`),
		"nl-BE.json": file(`{"_name": "Vlaams", "challenge.cancel": "Annuleren"}`),
		"th.json":    file(`{"challenge.cancel": "ออก"}`),
	}))
	day := 24 * time.Hour
	tests := []struct {
		name string
		lang templates.Language
		days int
		want []string
	}{
		{"its own", "nl", 1, []string{`<html lang="nl" dir="ltr">`, "<h1>Apparaten</h1>", ">1 dag<"}},
		{"its own, several", "nl", 2, []string{">2 dagen<"}},
		{"a variant", "nl-BE", 1, []string{`<html lang="nl-BE" dir="ltr">`, "<h1>Apparaten</h1>", ">1 dag<", "Go to sign-in approval"}},
		{"plural forms of English in English", "ru", 21, []string{"for 21 days"}},
		{"from right to left", "he", 1, []string{`<html lang="he" dir="rtl">`, "Trusted devices"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			view := templates.Devices{Page: plainPage(tt.lang), CanTrust: true, Lifetime: time.Duration(tt.days) * day}
			checkText(t, render(t, p, view), tt.want, nil)
		})
	}
	for lang, want := range map[templates.Language]string{"nl-BE": "Annuleren", "nl": "Afbreken", "ru": "Отмена", "th": "ออก"} {
		checkText(t, render(t, p, templates.Challenge{Page: plainPage(lang)}), []string{want}, []string{"Cancel sign-in"})
	}
	if missing := p.Missing("nl-BE"); !slices.Contains(missing, "challenge.title") || !slices.Contains(missing, "devices.title") || slices.Contains(missing, "challenge.cancel") {
		t.Errorf("got %q, want what isn't in nl-BE.json", missing)
	}
	if missing := p.Missing(templates.Thai); len(missing) > 0 {
		t.Errorf("got %q, want all of Thai", missing)
	}
}

func TestWriteTranslation(t *testing.T) {
	for lang, want := range map[templates.Language]string{
		templates.English: `"devices.trust": {"one": "Don’t ask on this device for {days} day", "other": "Don’t ask on this device for {days} days"}`,
		"ru":              `"duration.hours": {"one": "{n} hour", "few": "{n} hours", "many": "{n} hours", "other": "{n} hours"}`,
		templates.Thai:    `"duration.hours": {"other": "{n} ชั่วโมง"}`,
	} {
		var b strings.Builder
		expect.NoError(t, templates.WriteTranslation(&b, lang))
		expect.Contains(t, b.String(), want, lang)
		p := newPages(t, templates.WithTranslations(fstest.MapFS{string(lang) + ".json": file(b.String())}))
		if missing := p.Missing(lang); len(missing) > 0 {
			t.Errorf("%s: lacks %q", lang, missing)
		}
		if original, err := os.ReadFile("languages/" + string(lang) + ".json"); err == nil {
			order := func(s string) (lines []string) {
				for line := range strings.Lines(s) {
					if key, _, ok := strings.Cut(line, `": `); ok && !strings.Contains(key, "_note") {
						lines = append(lines, key)
					}
				}
				return lines
			}
			if got, want := order(b.String()), order(string(original)); !slices.Equal(got, want) {
				t.Errorf("%s: got another order of keys than in the file", lang)
			}
		}
	}
	if err := templates.WriteTranslation(&strings.Builder{}, "not a tag"); err == nil {
		t.Error("an error")
	}
}

// TestTextsAreNoTemplates is about texts that look like actions or markup: they are put
// into the source of a template, in an element and in an attribute.
func TestTextsAreNoTemplates(t *testing.T) {
	plain := skeleton(render(t, newPages(t), templates.Challenge{Page: plainPage(templates.English), State: templates.ChallengePending}))
	for _, words := range []string{"{{.Nonce}}", "{{", "{{define `x`}}", "}}{{", "{", "<b>", `"><script>alert(1)</script>`, "a & b"} {
		p := newPages(t, templates.WithTexts(templates.English, map[templates.Key]string{"challenge.cancel": words, "challenge.changed": words}))
		page := render(t, p, templates.Challenge{Page: plainPage(templates.English), State: templates.ChallengePending})
		expect.Equal(t, skeleton(page), plain, "%q changes the markup", words)
		if got := strings.Count(html.UnescapeString(page), words); got < 2 {
			t.Errorf("%q is shown %d times, want 2 at least", words, got)
		}
	}
}
