package templates

import (
	"regexp"
	"strings"
)

var (
	styleComment  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	stylePause    = regexp.MustCompile(`\s*([{};])\s*`)
	scriptComment = regexp.MustCompile(`(?m)^\s*//.*$|\s//\s.*$`)
	indentation   = regexp.MustCompile(`(?m)^\s+`)
	scriptPause   = regexp.MustCompile(aString + `| ?(=>|[!=]==|[|]{2}|&&|[=,?:{()+*/<>[]) ?`)
	lineEnd       = regexp.MustCompile(aString + `|([{;,(])\s|\s(\})`)
)

// aString is a string of a script: the blanks in it mean something.
const aString = "(\"[^\"\n]*\"|`[^`]*`)"

// compactStyle takes comments, and blanks that mean nothing, out of a style sheet: it is
// sent with every page. None of ours has braces, semicolons, commas, colons or comments in
// its strings.
func compactStyle(css string) string {
	css = stylePause.ReplaceAllString(styleComment.ReplaceAllString(css, ""), "$1")
	return strings.TrimSpace(strings.NewReplacer(", ", ",", ": ", ":", " > ", ">", ";}", "}").Replace(css))
}

// compactScript takes comments, indentation, and blanks that mean nothing, out of a script.
// In the strings of ours, two slashes aren't after a blank, and none goes over several
// lines.
func compactScript(js string) string {
	js = indentation.ReplaceAllString(scriptComment.ReplaceAllString(js, ""), "")
	return strings.TrimSpace(lineEnd.ReplaceAllString(scriptPause.ReplaceAllString(js, "$1$2"), "$1$2$3"))
}
