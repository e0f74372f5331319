package templates

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// A text is a text of the catalogue, parsed.
type text struct {
	count string                   // the placeholder by which the form is chosen, or ""
	tag   language.Tag             // of the language that it is in
	forms [len(formNames)][]string // by plural.Form; a text without a count has only Other
}

// A phrase is a value of a placeholder that is in the language of the page, such as a date:
// unlike a name, it needs no isolation.
type phrase string

var placeholder = regexp.MustCompile(`\{([a-z]+)\}`)

// placeholders returns the names of a text's placeholders, each once, in alphabetical order.
func placeholders(text string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// newText parses the text of a key, and reports whether from has it.
func newText(key Key, s shape, tag language.Tag, from texts) (*text, bool) {
	t := &text{count: s.count, tag: tag}
	if s.count == "" {
		words, ok := from[key]
		t.forms[plural.Other] = split(words)
		return t, ok
	}
	_, ok := from[key+"_"+Key(formNames[plural.Other])]
	for form, name := range formNames {
		if words, ok := from[key+"_"+Key(name)]; ok {
			t.forms[form] = split(words)
		}
	}
	return t, ok
}

// split returns the words and the names of the placeholders of a text, alternately: words
// are at even indexes.
func split(text string) []string {
	var parts []string
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		parts = append(parts, text[at:m[0]], text[m[2]:m[3]])
		at = m[1]
	}
	return append(parts, text[at:])
}

// format returns a text with its placeholders replaced: pairs are names and values, in turn.
// Values that could change the direction of the words around them are isolated by FSI and
// PDI (UAX #9).
func (c *catalogue) format(key Key, pairs ...any) (string, error) { return c.fill(true, key, pairs) }

// plain is format for titles, where some programs show the isolating characters: it removes
// those of values instead.
func (c *catalogue) plain(key Key, pairs ...any) (string, error) { return c.fill(false, key, pairs) }

func (c *catalogue) fill(isolates bool, key Key, pairs []any) (string, error) {
	t, ok := c.texts[key]
	if !ok {
		return "", fmt.Errorf("no text %q", key)
	}
	parts := t.forms[plural.Other]
	if t.count != "" {
		n, ok := value(pairs, t.count).(int)
		if !ok {
			return "", fmt.Errorf("text %q needs the number %q", key, t.count)
		}
		if form := t.forms[formOf(t.tag, n)]; form != nil {
			parts = form
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	var b strings.Builder
	for i, part := range parts {
		if i%2 == 0 {
			b.WriteString(part)
			continue
		}
		switch v := value(pairs, part).(type) {
		case nil:
			if c.strict {
				return "", fmt.Errorf("text %q needs a value for its placeholder: {{t %q %q …}}", key, key, part)
			}
			b.WriteString("{" + part + "}")
		case int:
			b.WriteString(strconv.Itoa(v))
		case phrase:
			b.WriteString(string(v))
		case string:
			switch {
			case !isolates:
				v = strings.Map(withoutMarks, v)
			case c.right || strings.ContainsFunc(v, func(r rune) bool { return r >= 0x80 }):
				v = "\u2068" + v + "\u2069"
			}
			b.WriteString(v)
		default:
			return "", fmt.Errorf("text %q: {%s} is a %T, want a string or an int", key, part, v)
		}
	}
	return b.String(), nil
}

// withoutMarks removes characters that change the direction of a text; see strings.Map.
func withoutMarks(r rune) rune {
	if unicode.Is(unicode.Bidi_Control, r) {
		return -1
	}
	return r
}

// value returns the value of that name.
func value(pairs []any, name string) any {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1]
		}
	}
	return nil
}

// duration returns d in words, rounded up to whole seconds below a minute, to whole
// minutes below two hours, and to whole hours above.
func (c *catalogue) duration(d time.Duration) (phrase, error) {
	unit, key := time.Minute, Key("duration.minutes")
	switch {
	case d <= 59*time.Second:
		unit, key = time.Second, "duration.seconds"
	case d > 119*time.Minute:
		unit, key = time.Hour, "duration.hours"
	}
	s, err := c.format(key, "n", max(1, int((d+unit-1)/unit)))
	return phrase(s), err
}

// time returns a time as it is written in the language. It is in UTC, and says so.
func (c *catalogue) time(at time.Time) (phrase, error) {
	at = at.UTC()
	month, err := c.format(Key("time.month." + strconv.Itoa(int(at.Month()))))
	if err != nil {
		return "", err
	}
	year := at.Year()
	if base, _ := c.tag.Base(); base.String() == "th" {
		year += 543 // the Buddhist calendar, as browsers show it in Thai
	}
	s, err := c.format("time.pattern", "day", at.Day(), "month", phrase(month), "year", year,
		"hour", phrase(at.Format("15")), "minute", phrase(at.Format("04")))
	return phrase(s), err
}

// formNames are the names of the plural forms, from the Unicode CLDR.
var formNames = [...]string{
	plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
}

// formOrder is the order in which files have them.
var formOrder = []plural.Form{plural.Zero, plural.One, plural.Two, plural.Few, plural.Many, plural.Other}

// formOf returns the plural form for n things.
func formOf(tag language.Tag, n int) plural.Form {
	return plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)
}

// pluralForms returns which forms a language needs for numbers of things, and which of them
// are for a single number, so that a text needn't say it: "one day".
func pluralForms(tag language.Tag) (needed, single [len(formNames)]bool) {
	var numbers [len(formNames)]int
	for n := range 201 { // no language begins a new form later, except for millions
		numbers[formOf(tag, n)]++
	}
	for form, count := range numbers {
		needed[form], single[form] = count > 0, count == 1
	}
	needed[plural.Other] = true
	return needed, single
}
