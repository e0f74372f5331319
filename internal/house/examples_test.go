package house_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// drivers returns the directories of the modules below store.
func drivers(t *testing.T) (dirs []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "store/*/go.mod"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found no drivers: %v", err)
	}
	for _, file := range files {
		dirs = append(dirs, "store/"+filepath.Base(filepath.Dir(file)))
	}
	return dirs
}

func TestDriversAreMadeKnown(t *testing.T) {
	for _, file := range []string{"docs/stores.md", "store/store.go", "CHANGELOG.md"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range drivers(t) {
			if !strings.Contains(string(text), dir) {
				t.Errorf("%s doesn't name %s", file, dir)
			}
		}
	}
}

// TestFunctionsHaveExamples demands that each function, an option say, is used by an Example
// of its package.
func TestFunctionsHaveExamples(t *testing.T) {
	for _, pkg := range append(drivers(t), "", "client", "client/emulator", "middleware", "middleware/routetest",
		"store", "store/storetest", "templates") {
		used := make(map[string]bool)
		for _, example := range functions(t, pkg, true, "Example") {
			ast.Inspect(example, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					used[s.Sel.Name] = true
				}
				return true
			})
		}
		exported := 0
		for _, f := range functions(t, pkg, false, "") {
			if f.Name.IsExported() {
				exported++
				if !used[f.Name.Name] {
					t.Errorf("no Example of package %s uses %s", pkg, f.Name)
				}
			}
		}
		if exported == 0 {
			t.Errorf("found no functions in package %s", pkg)
		}
	}
}

// functions returns the functions of a package, or of its tests, whose names begin so.
func functions(t *testing.T, pkg string, tests bool, prefix string) (found []*ast.FuncDecl) {
	t.Helper()
	for _, file := range parsePackage(t, pkg, tests) {
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, prefix) {
				found = append(found, f)
			}
		}
	}
	return found
}
