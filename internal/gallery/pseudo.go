package gallery

import (
	"regexp"
	"strings"

	"github.com/eagate/eagate/templates"
)

// Long is the language of [Pseudo]: private English, as BCP 47 has it.
const Long templates.Language = "en-x-long"

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// Pseudo returns the English texts as a pseudolocalization: each is half as long again, with
// accents above and below the letters, to show where pages cut texts off.
func Pseudo() map[templates.Key]string {
	texts := templates.Texts(templates.English)
	for key, text := range texts {
		texts[key] = outside(text, accents.Replace) + strings.Repeat(" Ǻĝ", len(text)/7)
	}
	texts["_name"] = "Löñĝ"
	return texts
}

// outside changes what isn't a placeholder.
func outside(text string, change func(string) string) string {
	var b strings.Builder
	end := 0
	for _, at := range placeholder.FindAllStringIndex(text, -1) {
		b.WriteString(change(text[end:at[0]]) + text[at[0]:at[1]])
		end = at[1]
	}
	return b.String() + change(text[end:])
}

var accents = letters("aceginoprstuyACEGINORSTUY", "åçéĝíñöþŕšţüýÅÇÉĜÍÑÖŔŠŢÜÝ")

// letters replaces each letter of from by that of to.
func letters(from, to string) *strings.Replacer {
	var pairs []string
	others := []rune(to)
	for i, r := range []rune(from) {
		pairs = append(pairs, string(r), string(others[i]))
	}
	return strings.NewReplacer(pairs...)
}
