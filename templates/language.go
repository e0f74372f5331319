package templates

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// A Language is a BCP 47 tag, such as "en" or "pt-BR".
type Language string

// The languages of this package: each has a file in the directory languages.
const (
	Arabic              Language = "ar"
	BrazilianPortuguese Language = "pt-BR"
	English             Language = "en"
	French              Language = "fr"
	German              Language = "de"
	Indonesian          Language = "id"
	Japanese            Language = "ja"
	Polish              Language = "pl"
	SimplifiedChinese   Language = "zh-Hans"
	Spanish             Language = "es"
	Thai                Language = "th"
	Vietnamese          Language = "vi"
)

// WithLanguages sets the languages of the pages; the first one is the default language.
// Without it, they are English, the other languages of this package, and those that
// [WithTranslations] and [WithTexts] add. [New] reports a language that is named twice, or
// has no texts.
func WithLanguages(languages ...Language) Option {
	return func(c *config) { c.languages = slices.Clone(languages) }
}

// checkLanguages returns the languages of the pages, the default one first, and the texts
// of each language that has any.
func (c *config) checkLanguages() (languages []Language, have map[Language]texts, faults []error) {
	have = make(map[Language]texts)
	last := make(map[Language]string) // the name of the last source
	var known []Language
	for i, s := range slices.Concat(builtin(), c.translations) {
		if i >= len(builtin()) { // tests check those of this package
			faults = append(faults, s.check()...)
		}
		if was := have[s.lang]; was == nil {
			have[s.lang] = s.texts
			known = append(known, s.lang)
		} else {
			have[s.lang] = maps.Clone(was)
			maps.Copy(have[s.lang], s.texts)
		}
		last[s.lang] = s.name
	}
	slices.Sort(known[1:]) // after English
	for _, lang := range known {
		if !slices.ContainsFunc(c.translations, func(s source) bool { return s.lang == lang }) {
			continue
		}
		faults = append(faults, checkForms(lang, have[lang], last[lang])...)
	}
	languages = c.languages
	if len(languages) == 0 {
		languages = known
	}
	for i, lang := range languages {
		if slices.Contains(languages[:i], lang) {
			faults = append(faults, fmt.Errorf("templates: WithLanguages: language %q is named twice: remove one", lang))
		}
		if have[lang] == nil {
			faults = append(faults, fmt.Errorf("templates: WithLanguages: no texts for language %q: add them by WithTranslations", lang))
		} else if have[lang][keyName] == "" && len(languages) > 1 {
			faults = append(faults, fmt.Errorf("templates: %s: language %q has no name: add %q, what it calls itself, such as \"Deutsch\"", last[lang], lang, keyName))
		}
	}
	return languages, have, faults
}

// maxAcceptLanguage is more than any browser sends.
const maxAcceptLanguage = 1 << 10

// Match returns the language that suits a request's Accept-Language header, or a single
// language tag, best. Where none does, and for a header of more than 1024 bytes, it returns
// the default language.
func (p *Pages) Match(acceptLanguage string) Language {
	if len(acceptLanguage) > maxAcceptLanguage {
		return p.languages[0]
	}
	_, i := language.MatchStrings(p.matcher, acceptLanguage)
	return p.languages[i]
}

// Languages returns the languages of the pages, the default one first.
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

// A LanguageMenu is the menu at the foot of a page by which the user chooses the language.
type LanguageMenu struct {
	Current string        // the name of the page's language, in itself
	Links   template.HTML // a list item with a link for each language
}

// menu returns the menu of languages of a page, or nil if there is none. It is written
// here, and not in a template: with many languages, escaping one link at a time would take
// longer than all the rest of the page.
func (p *Pages) menu(page Page) *LanguageMenu {
	if !strings.HasPrefix(page.LanguagePath, "/") || len(p.languages) < 2 {
		return nil
	}
	separator := "?"
	if strings.Contains(page.LanguagePath, "?") {
		separator = "&amp;"
	}
	path := template.HTMLEscapeString(page.LanguagePath) + separator + "lang="
	now := p.texts[page.Lang]
	var b strings.Builder
	b.Grow(len(p.languages) * (len(path) + 64))
	for _, lang := range p.languages {
		c := p.texts[lang]
		b.WriteString(`<li><a href="` + path + string(lang) + `" lang="` + string(lang) + `"`)
		if c.right != now.right {
			b.WriteString(` dir="` + c.direction() + `"`)
		}
		if c == now {
			b.WriteString(` aria-current="true"`)
		}
		b.WriteString(`>` + template.HTMLEscapeString(c.name) + "</a></li>\n")
	}
	// The tags of languages are well-formed: there is nothing to escape in them.
	return &LanguageMenu{now.name, template.HTML(b.String())}
}
