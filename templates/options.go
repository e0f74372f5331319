package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/eagate/eagate/internal/markup"
)

// An Option is an option of [New].
type Option func(*config)

type config struct {
	languages    []Language
	translations []source
	links        *Links
	theme        *Theme
	layout       fs.FS
	layoutSet    bool
	templates    fs.FS
	templatesSet bool
	faults       []error

	// What check makes of them.
	look        look           // of the theme
	own         own            // the layout, and the templates of pages
	sources     markup.Sources // what these load
	layoutPaths []string
}

// WithLanguages sets the languages of the pages. The first one is the default. By default
// they are English, the other languages of this package, and those that [WithTranslations]
// and [WithTexts] add.
func WithLanguages(languages ...Language) Option {
	return func(c *config) { c.languages = slices.Clone(languages) }
}

// WithTranslations adds languages, or replaces texts of those that are there, by files of
// fsys: each is named after its language, such as "de.json" or "pt-BR.json", in the root
// of fsys.
//
// A file is a JSON object of texts. A text with a count is an object of the plural forms
// of the Unicode CLDR that the language has, always with "other":
//
//	{
//		"_name": "Deutsch",
//		"challenge.cancel": "Anmeldung abbrechen",
//		"devices.count": {"one": "{n} vertrautes", "other": "{n} vertraute"}
//	}
//
// "_name" is what the language calls itself; it must be there for a language that this
// package doesn't have. [WriteTranslation] writes a file to start
// from. A text must have the placeholders of the English one; a form that is for one
// number only, such as "one" in English, may leave its count out. Texts that a file lacks are
// those of this package, else those of the language that it is a variant of ("pt" for
// "pt-BR"), else English.
func WithTranslations(fsys fs.FS) Option {
	return func(c *config) {
		if fsys == nil {
			c.faults = append(c.faults, errors.New("templates: WithTranslations: no file system"))
			return
		}
		sources, faults := readTranslations(fsys, ".")
		c.translations = append(c.translations, sources...)
		for _, fault := range faults {
			c.faults = append(c.faults, fmt.Errorf("templates: WithTranslations: %w", fault))
		}
	}
}

// WithTexts replaces texts of a language, or adds a language, as [WithTranslations] does.
// The key of a plural form has its name at the end: "devices.count_one".
func WithTexts(lang Language, replacements map[Key]string) Option {
	return func(c *config) {
		c.translations = append(c.translations, source{fmt.Sprintf("WithTexts(%q)", lang), lang, maps.Clone(texts(replacements))})
	}
}

// check returns the languages in use and the texts of each, or all faults of the
// configuration.
func (c *config) check() ([]Language, map[Language]texts, error) {
	faults := c.faults
	have := make(map[Language]texts)
	last := make(map[Language]string) // the name of the last source
	var known []Language
	for i, s := range slices.Concat(builtin(), c.translations) {
		if i >= len(builtin()) { // tests check those of this package
			faults = append(faults, s.check()...)
		}
		if have[s.lang] == nil {
			have[s.lang] = make(texts)
			known = append(known, s.lang)
		}
		maps.Copy(have[s.lang], s.texts)
		last[s.lang] = s.name
	}
	slices.Sort(known[1:]) // after English
	for _, lang := range known {
		faults = append(faults, checkForms(lang, have[lang], last[lang])...)
	}
	languages := c.languages
	if len(languages) == 0 {
		languages = known
	}
	for i, lang := range languages {
		if slices.Contains(languages[:i], lang) {
			faults = append(faults, fmt.Errorf("templates: WithLanguages: language %q is named twice", lang))
		}
		if have[lang] == nil {
			faults = append(faults, fmt.Errorf("templates: WithLanguages: no texts for language %q: add them by WithTranslations", lang))
		} else if names[lang] == "" && have[lang][keyName] == "" && len(languages) > 1 {
			faults = append(faults, fmt.Errorf("templates: %s: language %q has no name: add %q, what it calls itself, such as \"Deutsch\"", last[lang], lang, keyName))
		}
	}
	faults = append(faults, c.links.check()...)
	var wrong []error
	c.look, wrong = c.theme.look()
	faults = append(faults, wrong...)
	faults = append(faults, c.checkLayout()...)
	faults = append(faults, c.checkTemplates()...)
	return languages, have, errors.Join(faults...)
}
