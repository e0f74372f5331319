package eagate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
)

func TestEachProblemIsInTheTable(t *testing.T) {
	declared := declaredProblems(t)
	var list []eagate.Problem
	last := 0
	for p := range eagate.Problems() {
		list = append(list, p)
		expect.Differ(t, declared[p], "", "%s: no constant with a comment", p)
		if http.StatusText(p.Status()) == "" || p.Status() < last {
			t.Errorf("%s: got the status %d after %d, want one of HTTP's, in order", p, p.Status(), last)
		}
		if p.Title() == "" || strings.HasSuffix(p.Title(), ".") {
			t.Errorf("%s: got the title %q, want one without a full stop", p, p.Title())
		}
		last = p.Status()
	}
	for p := range declared {
		if !slices.Contains(list, p) {
			t.Errorf("%s isn't in the table", p)
		}
	}
	expect.Equal(t, len(list), len(declared), "problems")
}

func TestParseProblem(t *testing.T) {
	for p := range eagate.Problems() {
		if got, err := eagate.ParseProblem(p.URI()); got != p || err != nil {
			t.Errorf("%s: got %q, %v", p.URI(), got, err)
		}
	}
	for _, uri := range []string{"", "about:blank", "held", "urn:eagate:problem:", "urn:eagate:problem:other", "urn:eagate:problem:held ", "urn:example:held"} {
		if got, err := eagate.ParseProblem(uri); got != "" || err == nil {
			t.Errorf("%q: got %q and no error", uri, got)
		}
	}
}

func TestUnknownProblem(t *testing.T) {
	if p := eagate.Problem("other"); p.Status() != 0 || p.Title() != "" {
		t.Errorf("got %d %q, want nothing", p.Status(), p.Title())
	}
}

// declaredProblems returns the constants that problem.go declares, with their comments.
func declaredProblems(t *testing.T) map[eagate.Problem]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, parser.ParseComments|parser.SkipObjectResolution)
	expect.NoError(t, err)
	problems := make(map[eagate.Problem]string)
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			constant := spec.(*ast.ValueSpec)
			if kind, ok := constant.Type.(*ast.Ident); !ok || kind.Name != "Problem" {
				continue
			}
			name := expect.Try(strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)).OrFail(t)
			problems[eagate.Problem(name)] = strings.Join(strings.Fields(constant.Doc.Text()), " ")
		}
	}
	return problems
}
