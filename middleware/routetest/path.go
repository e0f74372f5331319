package routetest

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// filling replaces wildcards: no route is called so.
const filling = "eagate-probe"

// deep replaces what takes the rest of a path, too: it is deeper than what routes of
// single wildcards take.
var deep = filling + strings.Repeat("/"+filling, 7)

// pathsOf makes up paths that lead to a route of chi, the plainest first. Rewriting
// middleware may lead others to it than those that its pattern takes.
func pathsOf(pattern string) []string {
	path := fill(pattern, filling)
	paths := []string{path, "/" + path, path + ".json", fill(pattern, "7")}
	if cut, ok := strings.CutSuffix(path, filling); ok && strings.HasSuffix(pattern, "*") {
		paths = append(paths, cut+deep)
	}
	if cut, ok := strings.CutSuffix(path, "/"); !ok {
		paths = append(paths, path+"/")
	} else if cut != "" {
		paths = append(paths, cut)
	}
	return paths
}

// wildcard is "*", or "{name}", or "{name:expression}" in which repetitions may be counted.
var wildcard = regexp.MustCompile(`\*|\{(?:[^{}]|\{[^{}]*\})*\}`)

// fill replaces the wildcards of a pattern of chi, those without an expression by the filling.
func fill(pattern, filling string) string {
	return wildcard.ReplaceAllStringFunc(pattern, func(w string) string {
		_, expr, found := strings.Cut(strings.TrimSuffix(w, "}"), ":")
		if re, err := syntax.Parse(expr, syntax.Perl); found && err == nil {
			return example(re)
		}
		return filling
	})
}

// example makes up what an expression matches, mostly.
func example(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		for _, r := range "1xX-_ ." {
			for i := 0; i+1 < len(re.Rune); i += 2 {
				if re.Rune[i] <= r && r <= re.Rune[i+1] {
					return string(r)
				}
			}
		}
		return string(re.Rune[:min(1, len(re.Rune))])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpAlternate:
		return example(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(example(re.Sub[0]), max(1, re.Min))
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(example(sub))
		}
		return b.String()
	case syntax.OpNoMatch, syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
	}
	return ""
}
