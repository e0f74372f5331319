package templates

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/text/language"
)

// An Option is an option of [New].
type Option func(*config)

type config struct {
	languages []Language
	texts     map[Language]texts
	links     *Links
}

// WithLanguages sets the languages of the pages. The first one is the default. By default
// they are English, Thai, and those that [WithTexts] adds.
func WithLanguages(languages ...Language) Option {
	return func(c *config) { c.languages = slices.Clone(languages) }
}

// WithTexts replaces texts of a language, or adds a language with all of them. [Texts]
// has the keys; a replacement must have the same placeholders.
func WithTexts(lang Language, replacements map[Key]string) Option {
	return func(c *config) {
		if c.texts[lang] == nil {
			c.texts[lang] = make(texts)
		}
		maps.Copy(c.texts[lang], replacements)
	}
}

// check returns the languages in use, or all faults of the configuration.
func (c *config) check() ([]Language, error) {
	var faults []error
	languages := c.languages
	if len(languages) == 0 {
		languages = []Language{English, Thai}
		var added []Language
		for lang := range c.texts {
			if !slices.Contains(languages, lang) {
				added = append(added, lang)
			}
		}
		slices.Sort(added)
		languages = append(languages, added...)
	}
	for i, lang := range languages {
		if slices.Contains(languages[:i], lang) {
			faults = append(faults, fmt.Errorf("templates: language %q is named twice", lang))
		}
		if c.texts[lang] == nil {
			faults = append(faults, fmt.Errorf("templates: no texts for language %q", lang))
		}
	}
	for lang, t := range c.texts {
		if _, err := language.Parse(string(lang)); err != nil {
			faults = append(faults, fmt.Errorf("templates: %q is not a language", lang))
		}
		faults = append(faults, t.check(lang)...)
	}
	faults = append(faults, c.links.check()...)
	return languages, errors.Join(faults...)
}
