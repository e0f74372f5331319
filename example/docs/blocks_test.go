package docs_test

import (
	"go/build"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
)

// TestBlocksAreCompiled demands of each block of Go that its lines stand in one Go file
// that is compiled, whatever their indentation, and in their order where a line … leaves
// something out.
func TestBlocksAreCompiled(t *testing.T) {
	t.Parallel()
	var sources []string
	walk(t, ".go", func(file string) {
		dir := filepath.Join("../..", filepath.FromSlash(path.Dir(file)))
		if ok, err := build.Default.MatchFile(dir, path.Base(file)); err != nil || !ok {
			return // not on this system
		}
		sources = append(sources, unindented(string(read(t, file))))
	})
	seen := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.language != "go" {
				continue
			}
			seen++
			if !standsIn(sources, unindented(b.code)) {
				t.Errorf("%s: no Go file has this block: put it into one of example/docs, or into an Example\n%s", b.at, b.code)
			}
			expect.Equal(t, aShadow.FindString(b.code), "", "%s: hides a package that readers need", b.at)
		}
	}
	if seen < 10 {
		t.Errorf("found %d blocks, want those of the pages", seen)
	}
}

// aShadow is the declaration of a variable that has a package's name.
var aShadow = regexp.MustCompile(`\b(?:client|eagate|emulator|middleware|routetest|store|templates)\b[\w, ]* :?= `)

var aGap = regexp.MustCompile(`(?m)^(?:…|\.\.\.)\n`)

// standsIn reports whether one of the sources has all pieces of a block, in their order.
func standsIn(sources []string, block string) bool {
	for _, source := range sources {
		rest, found := "\n"+source, true
		for _, piece := range aGap.Split(block, -1) {
			var ok bool
			_, rest, ok = strings.Cut(rest, "\n"+piece)
			rest, found = "\n"+rest, found && ok
		}
		if found {
			return true
		}
	}
	return false
}

// unindented returns the lines without indentation and commas at their ends, and without
// empty ones.
func unindented(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		if line = strings.TrimRight(strings.TrimSpace(line), ","); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
