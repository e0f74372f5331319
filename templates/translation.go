package templates

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/language"
)

// WithTranslations adds languages, or replaces texts of those that are there, by files of
// fsys: each is named after its language, such as "de.json" or "pt-BR.json", in the root
// of fsys. Without it, the pages have this package's languages and texts.
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
// "_name" is the language's name in itself, and necessary for a language that this package
// doesn't have. A text must have the placeholders of the English one; a plural form for a
// single number, such as "one" in English, may omit its count. A text that a file lacks is
// taken from this package, else from the language that it is a variant of ("pt" for
// "pt-BR"), else from English. [New] reports unknown keys, placeholders and plural forms
// that don't fit, and blank texts. [WriteTranslation] writes a file to start from.
func WithTranslations(fsys fs.FS) Option {
	return func(c *config) {
		if fsys == nil {
			c.faults = append(c.faults, errors.New("templates: WithTranslations: no file system: give one with files such as de.json"))
			return
		}
		sources, faults := readTranslations(fsys, ".")
		c.translations = append(c.translations, sources...)
		for _, fault := range faults {
			c.faults = append(c.faults, fmt.Errorf("templates: WithTranslations: %w", fault))
		}
	}
}

// WithTexts replaces texts of a language, or adds a language, as [WithTranslations] does,
// with keys as [Texts] returns them. Without it, this package's are used. [New] reports
// the same faults.
func WithTexts(lang Language, replacements map[Key]string) Option {
	return func(c *config) {
		c.translations = append(c.translations, source{fmt.Sprintf("WithTexts(%q)", lang), lang, maps.Clone(texts(replacements))})
	}
}

// A source is where some texts of a language come from.
type source struct {
	name  string // what an error calls it
	lang  Language
	texts texts
}

// readTranslations reads all files of a folder that are named after a language.
func readTranslations(fsys fs.FS, dir string) (sources []source, faults []error) {
	names, err := fs.Glob(fsys, path.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		return nil, []error{errors.New("found no file such as de.json" + below(fsys, "*.json"))}
	}
	for _, name := range names {
		text, err := readText(fsys, name, maxTranslation)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		found, err := parseTexts([]byte(text))
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
			continue
		}
		lang := Language(strings.TrimSuffix(path.Base(name), ".json"))
		sources = append(sources, source{name, lang, found})
	}
	return sources, faults
}

// parseTexts reads a JSON object of texts: a string each, or an object of plural forms.
func parseTexts(b []byte) (texts, error) {
	var values map[Key]jsontext.Value
	if err := json.Unmarshal(b, &values); err != nil {
		var at *jsontext.SyntacticError
		if errors.As(err, &at) {
			return nil, fmt.Errorf("line %d: %w", 1+bytes.Count(b[:at.ByteOffset], []byte("\n")), err)
		}
		return nil, err
	}
	found := make(texts, len(values))
	for key, value := range values {
		switch value.Kind() {
		case '"':
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, err
			}
			found[key] = text
		case '{':
			var forms map[string]string
			if err := json.Unmarshal(value, &forms); err != nil {
				return nil, fmt.Errorf("text %q: %w", key, err)
			}
			for form, text := range forms {
				found[key+"_"+Key(form)] = text
			}
		default:
			return nil, fmt.Errorf("text %q is neither a string nor an object of plural forms: make it one of them", key)
		}
	}
	return found, nil
}

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
		fault("language %q is written %q: rename it", s.lang, tag)
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
