package middleware

import (
	"regexp/syntax"
	"strings"
)

// filling is what wildcards are filled with: no route's name.
const filling = "eagate-probe"

// deep is what the rest of a path is filled with too: deeper than what single
// wildcards, which may stand beside, take.
var deep = filling + strings.Repeat("/"+filling, 7)

// fill makes up a path that a pattern of chi takes.
func fill(pattern, filling string) string {
	var b strings.Builder
	for pattern != "" {
		i := strings.IndexAny(pattern, "{*")
		if i < 0 {
			break
		}
		b.WriteString(pattern[:i])
		pattern = pattern[i:]
		if pattern[0] == '*' {
			b.WriteString(filling)
			pattern = pattern[1:]
			continue
		}
		depth, n := 0, 0
		for ; n < len(pattern); n++ {
			if pattern[n] == '{' {
				depth++
			} else if pattern[n] == '}' {
				if depth--; depth == 0 {
					break
				}
			}
		}
		_, expr, found := strings.Cut(pattern[1:n], ":")
		pattern = pattern[n+1:]
		re, err := syntax.Parse(expr, syntax.Perl)
		if !found || err != nil {
			b.WriteString(filling)
			continue
		}
		b.WriteString(example(re))
	}
	return b.String() + pattern
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
