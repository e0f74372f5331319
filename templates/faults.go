package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// check returns what is wrong with the texts of one source: what each of them must be by
// itself, whatever else there is.
func (s source) check() (faults []error) {
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("templates: %s: "+format, append([]any{s.name}, args...)...))
	}
	tag, err := language.Parse(string(s.lang))
	if err != nil {
		fault("%q is not a language: use a BCP 47 tag, such as \"de\" or \"pt-BR\"", s.lang)
		return faults
	}
	if tag.String() != string(s.lang) {
		fault("language %q is written %q", s.lang, tag)
	}
	_, single := pluralForms(tag)
	for _, key := range slices.Sorted(maps.Keys(s.texts)) {
		words := s.texts[key]
		if key == keyNote {
			continue
		}
		base, form := splitKey(key)
		shape, ok := reference()[base]
		switch {
		case key == keyName:
		case !ok:
			fault("there is no text %q: remove it, or see the keys in en.json", key)
			continue
		case shape.count != "" && form == "":
			fault("text %q has a count, {%s}: give it as plural forms, such as {\"one\": …, \"other\": …}", key, shape.count)
			continue
		case shape.count == "" && form != "":
			fault("text %q has no count: give a single text, not plural forms", base)
			continue
		}
		if strings.TrimSpace(words) == "" {
			fault("text %q is empty: remove it to have the English one", key)
			continue
		}
		got, want := placeholders(words), shape.placeholders
		if f := slices.Index(formNames[:], form); f >= 0 && single[f] && !slices.Contains(got, shape.count) {
			want = slices.DeleteFunc(slices.Clone(want), func(name string) bool { return name == shape.count })
		}
		if !slices.Equal(got, want) {
			fault("text %q has the placeholders %v, want %v as in English", key, got, want)
		}
	}
	return faults
}

// checkForms returns which plural forms a language lacks: all of them must be there for a
// text that is translated at all.
func checkForms(lang Language, t texts, name string) (faults []error) {
	needed, _ := pluralForms(language.Make(string(lang)))
	given := make(map[Key][]string)
	for key := range t {
		if base, form := splitKey(key); form != "" && reference()[base].count != "" {
			given[base] = append(given[base], form)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		var missing []string
		for form, need := range needed {
			if need && !slices.Contains(given[key], formNames[form]) {
				missing = append(missing, formNames[form])
			}
		}
		if missing != nil {
			faults = append(faults, fmt.Errorf("templates: %s: text %q lacks plural forms that language %q needs: add %s",
				name, key, lang, strings.Join(missing, ", ")))
		}
	}
	return faults
}
