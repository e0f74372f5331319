package templates

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/language"
)

// WriteTranslation writes a JSON file to start a translation from; see [WithTranslations]. It
// has all texts, in the order of the English file and with the plural forms that lang needs.
// Texts that this package doesn't have in lang are in English. It returns an error if lang
// isn't a BCP 47 tag, and those of w.
func WriteTranslation(w io.Writer, lang Language) error {
	tag, err := language.Parse(string(lang))
	if err != nil {
		return fmt.Errorf("templates: %q is not a language: use a BCP 47 tag, such as \"de\" or \"pt-BR\"", lang)
	}
	keys, err := keysInOrder()
	if err != nil {
		return err
	}
	english, own := Texts(English), Texts(lang)
	needed, _ := pluralForms(tag)
	words := func(key Key) jsontext.Value {
		text, ok := own[key]
		if !ok {
			text, ok = english[key]
		}
		if base, form := splitKey(key); !ok && form != "" {
			text = english[base+"_other"]
		}
		v, _ := json.Marshal(text) // a string can't fail
		return v
	}
	name := string(lang) // to be replaced
	for _, s := range builtin() {
		if s.lang == lang {
			name = s.texts[keyName]
		}
	}
	lines := []string{fmt.Sprintf("%q: %q", keyName, name)}
	for _, key := range keys {
		value := string(words(key))
		if reference()[key].count != "" {
			var forms []string
			for _, form := range formOrder {
				if name := formNames[form]; needed[form] {
					forms = append(forms, fmt.Sprintf("%q: %s", name, words(key+"_"+Key(name))))
				}
			}
			value = "{" + strings.Join(forms, ", ") + "}"
		}
		lines = append(lines, fmt.Sprintf("%q: %s", key, value))
	}
	_, err = io.WriteString(w, "{\n  "+strings.Join(lines, ",\n  ")+"\n}\n")
	return err
}

// keysInOrder returns the keys of the English file.
func keysInOrder() (keys []Key, err error) {
	file, err := languageFiles.Open("languages/en.json")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	d := jsontext.NewDecoder(file)
	for {
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return keys, nil
		}
		if err != nil {
			return nil, err
		}
		if token.Kind() != '"' {
			continue // the braces of the whole
		}
		if key := Key(token.String()); key != keyName && key != keyNote {
			keys = append(keys, key)
		}
		if err := d.SkipValue(); err != nil {
			return nil, err
		}
	}
}
