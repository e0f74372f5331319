package templates

import (
	"cmp"
	"embed"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// A Key identifies a text, such as "challenge.title". [Texts] of [English] has all keys.
type Key string

// The keys of a file that are about the language, and not texts of the pages.
const (
	keyName Key = "_name" // of the language, in itself
	keyNote Key = "_note" // to translators
)

// texts are texts of one language by their keys, as files and applications give them. Words
// in braces, such as {email}, are placeholders.
type texts map[Key]string

//go:embed languages/*.json
var languageFiles embed.FS

// builtin returns the files of this package, the English one first.
var builtin = sync.OnceValue(func() []source {
	sources, faults := readTranslations(languageFiles, "languages")
	if len(faults) > 0 {
		panic(faults[0]) // tests have read them
	}
	rank := func(s source) int {
		if s.lang == English {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(sources, func(a, b source) int { return cmp.Compare(rank(a), rank(b)) })
	return sources
})

// maxTranslation is the size of a file of texts, in bytes.
const maxTranslation = 1 << 20

// Texts returns a copy of this package's texts in a language, or nil if it has none. Words in
// braces are placeholders. A text with a count has a key for each plural form, which ends in
// the form's name, such as "devices.count_one". Those of English are complete; a translation
// may lack some.
func Texts(lang Language) map[Key]string {
	for _, s := range builtin() {
		if s.lang == lang {
			own := maps.Clone(s.texts)
			delete(own, keyName)
			delete(own, keyNote)
			return own
		}
	}
	return nil
}

// Missing returns the keys of the texts that a language lacks, which the pages show in
// another language, in alphabetical order. A test of a translation can use it.
func (p *Pages) Missing(lang Language) []Key {
	c, ok := p.texts[lang]
	if !ok {
		return slices.Sorted(maps.Keys(reference()))
	}
	var keys []Key
	for key, text := range c.texts {
		if text.tag != c.tag {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// A catalogue is all texts in one language, as the templates use them.
type catalogue struct {
	tag   language.Tag
	name  string // what the language calls itself
	right bool   // whether it is written from right to left
	texts map[Key]*text

	strict bool // whether a placeholder without a value is an error, in place of standing there
}

// newCatalogue returns the texts of lang. Those that are missing come from the languages
// that it is a variant of, and from English: have has the texts of all languages.
func newCatalogue(lang Language, have map[Language]texts) *catalogue {
	tag := language.Make(string(lang))
	c := &catalogue{tag: tag, name: have[lang][keyName], right: isRightToLeft(tag), texts: make(map[Key]*text)}
	chain := append(ancestors(lang), English)
	for key, shape := range reference() {
		for _, from := range chain {
			if t, ok := newText(key, shape, language.Make(string(from)), have[from]); ok {
				c.texts[key] = t
				break
			}
		}
	}
	return c
}

// ancestors returns a language and those that it is a variant of: "pt-BR", "pt".
func ancestors(lang Language) []Language {
	list := []Language{lang}
	for tag := language.Make(string(lang)).Parent(); tag != language.Und; tag = tag.Parent() {
		list = append(list, Language(tag.String()))
	}
	return list
}

// A shape is what all translations of a text have in common.
type shape struct {
	placeholders []string // in alphabetical order
	count        string   // the placeholder by which the plural form is chosen, or ""
}

// reference returns the shapes of all texts, as the English ones have them.
var reference = sync.OnceValue(func() map[Key]shape {
	shapes := make(map[Key]shape)
	for key, text := range builtin()[0].texts {
		if key == keyName || key == keyNote {
			continue
		}
		base, form := splitKey(key)
		s := shape{placeholders: placeholders(text)}
		if form != "" {
			if form != formNames[plural.Other] {
				continue
			}
			for _, name := range s.placeholders {
				if slices.Contains(counts, name) {
					s.count = name
				}
			}
		}
		shapes[base] = s
	}
	return shapes
})

// counts are the placeholders that may choose a plural form. A text has one of them.
var counts = []string{"n", "days", "digits"}

// splitKey returns the key of a text with a count and the name of a plural form, or key
// itself.
func splitKey(key Key) (Key, string) {
	if i := strings.LastIndexByte(string(key), '_'); i >= 0 && slices.Contains(formNames[:], string(key[i+1:])) {
		return key[:i], string(key[i+1:])
	}
	return key, ""
}
