package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestBodiesAreDescribed demands that the JSON bodies that handlers send are declared in
// one file, and that all of their fields are described there.
func TestBodiesAreDescribed(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(root, "handlers", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	bodies := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		here := filepath.Base(name) == "json.go"
		ast.Inspect(file, func(n ast.Node) bool {
			body, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			described := -1 // the line of the last field that is
			for _, f := range body.Fields.List {
				at := files.Position(f.Pos())
				if f.Tag == nil || !strings.Contains(f.Tag.Value, `json:"`) {
					continue
				}
				bodies++
				if !here {
					t.Errorf("%s: a field of a body, want it in json.go", at)
				}
				if f.Doc == nil && at.Line != described+1 { // one comment may be about several
					t.Errorf("%s: the field has no comment", at)
				}
				described = at.Line
			}
			return true
		})
	}
	if bodies < 30 {
		t.Errorf("found %d fields, want those of the bodies", bodies)
	}
}
