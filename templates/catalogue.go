package templates

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Key identifies a text of the catalogue. [Texts] has all keys.
type Key string

// texts are the texts of one language. Words in braces, such as {email}, are
// placeholders.
type texts map[Key]string

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

func builtin() map[Language]texts {
	return map[Language]texts{English: maps.Clone(english), Thai: maps.Clone(thai)}
}

// Texts returns the built-in texts of a language, as the start of a translation, or nil
// if there are none. Words in braces are placeholders.
func Texts(lang Language) map[Key]string { return builtin()[lang] }

// check returns the differences of t from the English texts.
func (t texts) check(lang Language) []error {
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(english)) {
		text, ok := t[key]
		switch {
		case !ok:
			faults = append(faults, fmt.Errorf("templates: language %q lacks text %q", lang, key))
		case strings.TrimSpace(text) == "":
			faults = append(faults, fmt.Errorf("templates: text %q of language %q is empty", key, lang))
		case !slices.Equal(placeholders(text), placeholders(english[key])):
			faults = append(faults, fmt.Errorf("templates: text %q of language %q has the placeholders %v, not %v",
				key, lang, placeholders(text), placeholders(english[key])))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if _, ok := english[key]; !ok {
			faults = append(faults, fmt.Errorf("templates: language %q has the unknown text %q", lang, key))
		}
	}
	return faults
}

// placeholders returns the set of a text's placeholders in order.
func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// format returns a text with its placeholders replaced: pairs are names and values.
// Placeholders in values are not replaced.
func (t texts) format(key Key, pairs ...any) (string, error) {
	text, ok := t[key]
	if !ok {
		return "", fmt.Errorf("no text %q", key)
	}
	if len(pairs) == 0 {
		return text, nil
	}
	fill := make([]string, len(pairs))
	for i, v := range pairs {
		fill[i] = fmt.Sprint(v)
		if i%2 == 0 {
			fill[i] = "{" + fill[i] + "}"
		} else {
			fill[i] = isolate(fill[i])
		}
	}
	return strings.NewReplacer(fill...).Replace(text), nil
}

// isolate keeps text that isn't plain ASCII from changing the direction of the
// words around it (UAX #9, FSI and PDI).
func isolate(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
		return "\u2068" + s + "\u2069"
	}
	return s
}

// duration returns d in words, rounded up to whole seconds below a minute, to whole
// minutes below two hours, and to whole hours above.
func (t texts) duration(d time.Duration) (string, error) {
	unit, one, many := time.Minute, Key("duration.minute"), Key("duration.minutes")
	switch {
	case d <= 59*time.Second:
		unit, one, many = time.Second, "duration.second", "duration.seconds"
	case d > 119*time.Minute:
		unit, many = time.Hour, "duration.hours"
	}
	n := max(1, int((d+unit-1)/unit))
	if n == 1 {
		return t.format(one, "n", strconv.Itoa(n))
	}
	return t.format(many, "n", strconv.Itoa(n))
}
