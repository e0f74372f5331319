package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// aNumber is what tests are named after, aRange several of them, aTest the name of a test
// or how it begins, and aNumbered how that of a test with a number begins.
var (
	aNumber   = regexp.MustCompile(`\bA\d\d\b`)
	aRange    = regexp.MustCompile(`\b(A\d\d)–(A\d\d)\b`)
	aTest     = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z][A-Za-z0-9_]*…?`)
	aNumbered = regexp.MustCompile(`^TestA\d\d`)
)

// TestSecurityNamesItsTests demands of SECURITY.md that each row of its tables names a
// test, that each test that is named anywhere in it exists, and that each number of the
// tests is named.
func TestSecurityNamesItsTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t)
	numbers := make(map[string]bool) // of the tests; true where it is named
	for _, test := range tests {
		if number := aNumbered.FindString(test); number != "" {
			numbers[number] = false
		}
	}
	rows := 0
	for i, line := range strings.Split(string(text), "\n") {
		names := namesOf(line)
		for _, name := range names {
			if !slices.ContainsFunc(tests, func(test string) bool { return isNamed(test, name) }) {
				t.Errorf("SECURITY.md:%d: there is no test %s", i+1, name)
			}
			numbers[aNumbered.FindString("Test"+strings.TrimPrefix(name, "Test"))] = true
		}
		first, ok := firstCell(line)
		if !ok {
			continue
		}
		rows++
		if len(names) == 0 {
			t.Errorf("SECURITY.md:%d: %q names no test", i+1, first)
		}
	}
	for number, named := range numbers {
		if !named {
			t.Errorf("SECURITY.md doesn't name the tests %s…", number)
		}
	}
	if rows < 60 {
		t.Errorf("found %d rows, want the tables", rows)
	}
}

// TestPagesNameTestsThereAre demands of the pages in docs that the tests they name exist.
func TestPagesNameTestsThereAre(t *testing.T) {
	tests, named := testNames(t), 0
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range namesOf(string(text)) {
			if named++; !slices.ContainsFunc(tests, func(test string) bool { return isNamed(test, name) }) {
				t.Errorf("%s: there is no test %s", path, name)
			}
		}
		return err
	})
	if err != nil || named < 40 {
		t.Errorf("%d tests are named: %v", named, err)
	}
}

// firstCell returns the first cell of a table's row that isn't its head.
func firstCell(line string) (string, bool) {
	cells := strings.Split(line, "|")
	if len(cells) < 4 || strings.HasPrefix(line, "|---") {
		return "", false
	}
	first := strings.TrimSpace(cells[1])
	return first, first != "attack or fault" && first != "requirement"
}

// namesOf returns the tests that a line names, a range of numbers as each of them.
func namesOf(line string) []string {
	names := append(aTest.FindAllString(line, -1), aNumber.FindAllString(line, -1)...)
	for _, ends := range aRange.FindAllStringSubmatch(line, -1) {
		for n := ends[1]; n < ends[2]; n = next(n) {
			names = append(names, n)
		}
	}
	return names
}

// next returns the number after one such as A09.
func next(number string) string {
	tens, ones := number[1], number[2]+1
	if ones > '9' {
		tens, ones = tens+1, '0'
	}
	return string([]byte{'A', tens, ones})
}

// isNamed reports whether a test is what a name such as A05, TestHold… or TestTrust means.
func isNamed(test, name string) bool {
	if start, ok := strings.CutSuffix(name, "…"); ok {
		return strings.HasPrefix(test, start)
	}
	if number := strings.TrimPrefix(name, "Test"); len(number) == len("A00") && aNumber.MatchString(number) {
		return strings.HasPrefix(test, "Test"+number+"_")
	}
	return test == name
}

// testNames returns the names of all tests of all modules.
func testNames(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				names = append(names, f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
