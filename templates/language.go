package templates

import (
	"slices"

	"golang.org/x/text/language"
)

// A Language is a BCP 47 tag, such as "en" or "th".
type Language string

// The languages of this package.
const (
	English Language = "en"
	Thai    Language = "th"
)

// maxAcceptLanguage is more than any browser sends.
const maxAcceptLanguage = 1 << 10

// Match returns the language that suits a request's Accept-Language header
// best, or the default one.
func (p *Pages) Match(acceptLanguage string) Language {
	if len(acceptLanguage) > maxAcceptLanguage {
		return p.languages[0]
	}
	_, i := language.MatchStrings(p.matcher, acceptLanguage)
	return p.languages[i]
}

// Languages returns the languages of the pages. The first one is the default.
func (p *Pages) Languages() []Language { return slices.Clone(p.languages) }

// known returns lang, or the default language in place of an unknown one.
func (p *Pages) known(lang Language) Language {
	if slices.Contains(p.languages, lang) {
		return lang
	}
	return p.languages[0]
}

func newMatcher(languages []Language) language.Matcher {
	tags := make([]language.Tag, len(languages))
	for i, lang := range languages {
		tags[i] = language.Make(string(lang))
	}
	return language.NewMatcher(tags)
}

// isRightToLeft reports whether a language is written from right to left, by its script.
func isRightToLeft(tag language.Tag) bool {
	script, _ := tag.Script()
	return slices.Contains([]string{"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Syrc", "Thaa"}, script.String())
}

// direction is the value of an element's dir.
func (c *catalogue) direction() string {
	if c.right {
		return "rtl"
	}
	return "ltr"
}

// nameOf returns what a language of this package calls itself, or its tag.
func nameOf(lang Language) string {
	for _, s := range builtin() {
		if s.lang == lang && s.texts[keyName] != "" {
			return s.texts[keyName]
		}
	}
	return string(lang)
}
