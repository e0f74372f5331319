package templates_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/width"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

var (
	placeholder = regexp.MustCompile(`\{[^}]*\}`)
	formName    = regexp.MustCompile(`_(?:zero|one|two|few|many|other)$`)
)

// plain returns the key of a text without the name of a plural form.
func plain(key templates.Key) templates.Key {
	return templates.Key(formName.ReplaceAllString(string(key), ""))
}

// files returns the built-in languages, by their files.
func files(t *testing.T) (languages []templates.Language) {
	t.Helper()
	for _, name := range sources(t, "languages/*.json") {
		languages = append(languages, templates.Language(strings.TrimSuffix(filepath.Base(name), ".json")))
	}
	return languages
}

// TestLanguagesAreWithoutFaults has New look at each file as if it were an application's.
func TestLanguagesAreWithoutFaults(t *testing.T) {
	expect.Try(templates.New(templates.WithTranslations(os.DirFS("languages")))).OrFail(t)
}

func TestLanguagesHaveEveryText(t *testing.T) {
	p := newPages(t)
	for _, lang := range files(t) {
		if missing := p.Missing(lang); len(missing) > 0 {
			t.Errorf("%s.json lacks %q", lang, missing)
		}
	}
}

// TestLanguagesHaveTheirPluralForms asks the Unicode CLDR for them number by number.
func TestLanguagesHaveTheirPluralForms(t *testing.T) {
	names := map[plural.Form]string{
		plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
	}
	counted := make(map[templates.Key]bool)
	for key := range templates.Texts(templates.English) {
		if plain(key) != key {
			counted[plain(key)] = true
		}
	}
	if len(counted) < 10 {
		t.Errorf("got %d texts with a count, want those of durations, codes and devices", len(counted))
	}
	for _, lang := range files(t) {
		tag, texts := language.MustParse(string(lang)), templates.Texts(lang)
		for n := range 1000 {
			form := names[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]
			for key := range counted {
				if _, ok := texts[key+"_"+templates.Key(form)]; !ok {
					t.Fatalf("%s.json: %s has no form %q, which %d needs", lang, key, form, n)
				}
			}
		}
	}
}

func TestLanguagesAreTranslated(t *testing.T) {
	english := templates.Texts(templates.English)
	for _, lang := range files(t)[0:] {
		if lang == templates.English {
			continue
		}
		var same []templates.Key
		for key, text := range templates.Texts(lang) {
			words := placeholder.ReplaceAllString(text, "")
			if strings.ContainsFunc(words, unicode.IsLetter) && text == english[key] {
				same = append(same, key) // "April" and "Status" are the same in many languages
			}
		}
		if len(same) > 15 {
			t.Errorf("%s.json: %d texts are in English: %q", lang, len(same), slices.Sorted(slices.Values(same)))
		}
	}
}

// TestLanguagesAreTyped finds what a translator's keyboard does.
func TestLanguagesAreTyped(t *testing.T) {
	for _, lang := range files(t) {
		for key, text := range templates.Texts(lang) {
			switch {
			case text != strings.TrimSpace(text), strings.Contains(text, "  "):
				t.Errorf("%s.json: %s has a blank too many: %q", lang, key, text)
			case strings.ContainsAny(text, "\"'`"):
				t.Errorf("%s.json: %s has straight quotes, want those of the language: %q", lang, key, text)
			case strings.ContainsAny(text, "<>&"):
				t.Errorf("%s.json: %s has markup: %q", lang, key, text)
			case strings.Contains(text, "..."):
				t.Errorf("%s.json: %s has three dots, want …: %q", lang, key, text)
			case strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) }):
				t.Errorf("%s.json: %s has invisible characters: %q", lang, key, text)
			}
		}
	}
}

// limits are how many columns a text may have, placeholders not counted; letters of East
// Asia take two. The last pattern that matches counts. README.md says the same.
var limits = []struct {
	where string
	keys  string
	most  int
}{
	{"a sentence", `.`, 320},
	{"a title", `\.title$`, 60},
	{"a button", `^(challenge\.(continue|send|resend|here|cancel)|ended\.go|hosted\.(continue|again)|(code|recovery|stepup)\.submit|push\.again` +
		`|security\.(enable|resume|restart|replace|disable)|required\.(start|later)|enable\.(link|copy|copied|confirm|cancel)` +
		`|message\..*|rejected\.again|recovery\.(look|make|copy|print|download|kept)|devices\.(revoke|all)|page\.(home|help))$`, 48},
	{"a summary", `^challenge\.(use|lost)$`, 60},
	{"a box or a button with a count", `^(challenge|devices)\.trust_`, 72},
	{"a label", `^(challenge\.(number|left)|(code|code\.either|recovery)\.label|security\.(status|account|since|due)|devices\.(used|until))$`, 60},
	{"a word", `^(security\.(on|off|pending)|recovery\.left_.*|devices\.(count_.*|this|unnamed)|duration\..*|time\..*)$`, 28},
}

func TestLanguagesFitTheirPlaces(t *testing.T) {
	for _, lang := range files(t) {
		for _, key := range slices.Sorted(maps.Keys(templates.Texts(lang))) {
			where, most := "", 0
			for _, l := range limits {
				if strings.HasPrefix(string(key), "notice.") && l.where != "a sentence" {
					continue // in a mail, where nothing is short
				}
				if regexp.MustCompile(l.keys).MatchString(string(key)) {
					where, most = l.where, l.most
				}
			}
			if got := columns(templates.Texts(lang)[key]); got > most {
				t.Errorf("%s.json: %s is %s, and has %d columns, want %d at most", lang, key, where, got, most)
			}
		}
	}
}

// columns returns how wide a text is, without marks above and below letters.
func columns(text string) (n int) {
	for _, r := range placeholder.ReplaceAllString(text, "") {
		switch k := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Cf):
		case k == width.EastAsianWide, k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
