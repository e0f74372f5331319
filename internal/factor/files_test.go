package factor_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
)

// The package comment says what each file holds.
func TestPackageCommentNamesEachFile(t *testing.T) {
	t.Parallel()
	source := expect.Try(os.ReadFile("factor.go")).OrFail(t)
	comment, _, _ := strings.Cut(string(source), "\npackage ")
	named := regexp.MustCompile(`\b[a-z_]+\.go\b`).FindAllString(comment, -1)
	files := expect.Try(filepath.Glob("*.go")).OrFail(t)
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") && file != "factor.go" && file != "clock.go" && !slices.Contains(named, file) {
			t.Errorf("the package comment doesn't name %s", file)
		}
	}
	for _, name := range named {
		if !slices.Contains(files, name) {
			t.Errorf("the package comment names %s, which doesn't exist", name)
		}
	}
}
