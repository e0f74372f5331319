package templates

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// generic are the families that every browser has a font for (CSS Fonts 4 §2.1.3).
var generic = []string{
	"serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui",
	"ui-serif", "ui-sans-serif", "ui-monospace", "ui-rounded",
}

// aFamily is the name of a family: letters of any script, digits, and what can't end a
// string of CSS.
var aFamily = regexp.MustCompile(`^[\p{L}\p{M}\p{N}_-][\p{L}\p{M}\p{N} ._-]*$`)

// maxFamilies is more than any stack has.
const maxFamilies = 20

// parseFont takes a stack of families as in CSS, quoted or not, and returns it with each
// name that isn't generic in quotes.
func parseFont(s string) (string, error) {
	families := strings.Split(s, ",")
	if len(families) > maxFamilies {
		return "", fmt.Errorf("%d families, want at most %d", len(families), maxFamilies)
	}
	for i, family := range families {
		name := strings.TrimSpace(family)
		quoted := len(name) >= 2 && (name[0] == '"' || name[0] == '\'') && name[0] == name[len(name)-1]
		if quoted {
			name = name[1 : len(name)-1]
		}
		switch {
		case len(name) > 64 || !aFamily.MatchString(name):
			return "", fmt.Errorf("%q is no name of a font: use letters, digits, blanks, dots and hyphens", family)
		case !quoted && (slices.Contains(generic, name) || name == "-apple-system" || name == "BlinkMacSystemFont"):
			families[i] = name
		case !quoted && (name == "inherit" || name == "initial" || name == "unset" || name == "revert" || name == "revert-layer" || name == "default"):
			return "", fmt.Errorf("%q has a meaning of its own in CSS: put it in quotes, or remove it", name)
		default:
			families[i] = `"` + name + `"`
		}
	}
	if !slices.Contains(generic, families[len(families)-1]) {
		return "", errors.New("no generic family at the end: add one, such as sans-serif, for users who don't have the fonts")
	}
	return strings.Join(families, ", "), nil
}
