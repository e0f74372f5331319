package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestHandlersSendTheProblems demands that handlers send each problem that the table has,
// and none besides, which the type of a string would let them.
func TestHandlersSendTheProblems(t *testing.T) {
	sent := make(map[string]bool)
	for _, file := range parsePackage(t, "handlers", false) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if isOf(n, "eagate") && strings.HasPrefix(n.Sel.Name, "Problem") {
					sent[n.Sel.Name] = true
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && isOf(f, "eagate") && f.Sel.Name == "Problem" {
					t.Error("handlers make a problem that the table doesn't have")
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "problem" && isText(n.Value) {
					t.Error("handlers send a problem that the table doesn't have")
				}
			case *ast.BasicLit:
				if strings.Contains(n.Value, "eagate:problem:") {
					t.Errorf("handlers have the type URI %s", n.Value)
				}
			}
			return true
		})
	}
	count := 0
	for _, file := range parsePackage(t, "", false) {
		ast.Inspect(file, func(n ast.Node) bool {
			constant, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if kind, ok := constant.Type.(*ast.Ident); ok && kind.Name == "Problem" {
				count++
				if name := constant.Names[0].Name; !sent[name] {
					t.Errorf("handlers never send %s", name)
				}
			}
			return false
		})
	}
	if count < 30 {
		t.Errorf("found %d problems, want the table", count)
	}
}

func isOf(s *ast.SelectorExpr, pkg string) bool {
	name, ok := s.X.(*ast.Ident)
	return ok && name.Name == pkg
}

func isText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

// parsePackage returns the files of a package, or those of its tests.
func parsePackage(t *testing.T, dir string, tests bool) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") != tests {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
