package templates

import (
	"slices"

	"golang.org/x/text/language"
)

// A Language is a BCP 47 tag, such as "en" or "th".
type Language string

// The languages that the catalogue has by itself.
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
