package gallery_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/gallery"
	"github.com/eagate/eagate/templates"
)

func TestScenesRenderUnderNamesOfTheirOwn(t *testing.T) {
	pages := expect.Try(templates.New()).OrFail(t)
	names := make(map[string]bool)
	for _, s := range gallery.Scenes(gallery.Page(templates.English)) {
		if names[s.Name()] {
			t.Errorf("%s occurs twice", s.Name())
		}
		names[s.Name()] = true
		if s.Says == "" {
			t.Errorf("%s says nothing", s.Name())
		}
		expect.Try(s.Still(pages)).OrFail(t, "%s", s.Name())
	}
}

// TestEveryValueHasAScene demands that each constant of package templates which changes
// a page occurs in a scene.
func TestEveryValueHasAScene(t *testing.T) {
	shown := make(map[string]bool) // such as "Push 3"
	types := make(map[string]bool)
	for _, s := range gallery.Scenes(gallery.Page(templates.English)) {
		walk(reflect.ValueOf(s.View), func(v reflect.Value) {
			types[v.Type().Name()] = true
			shown[fmt.Sprintf("%s %d", v.Type().Name(), v.Uint())] = true
		})
	}
	names := constants(t)
	for name := range names {
		if !types[name] {
			delete(names, name) // of an option
			continue
		}
		for i, constant := range names[name] {
			if !shown[fmt.Sprintf("%s %d", name, i)] {
				t.Errorf("no scene has %s", constant)
			}
		}
	}
	if len(names) < 7 {
		t.Errorf("got %d types of constants, want all", len(names))
	}
}

// walk calls f with each enum of package templates within v.
func walk(v reflect.Value, f func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), f)
		}
	case reflect.Uint8:
		if v.Type().PkgPath() != "" {
			f(v)
		}
	}
}

// constants returns the names of the exported constants of package templates that are
// counted by iota, by type.
func constants(t *testing.T) map[string][]string {
	t.Helper()
	files := expect.Try(filepath.Glob("../../templates/*.go")).OrFail(t)
	names := make(map[string][]string)
	for _, file := range files {
		parsed := expect.Try(parser.ParseFile(token.NewFileSet(), file, nil, 0)).OrFail(t)
		for _, decl := range parsed.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			first := group.Specs[0].(*ast.ValueSpec)
			typ, ok := first.Type.(*ast.Ident)
			if !ok || !typ.IsExported() || len(first.Values) != 1 || !isIota(first.Values[0]) {
				continue
			}
			for _, spec := range group.Specs {
				names[typ.Name] = append(names[typ.Name], spec.(*ast.ValueSpec).Names[0].Name)
			}
		}
	}
	return names
}

func isIota(e ast.Expr) bool {
	name, ok := e.(*ast.Ident)
	return ok && name.Name == "iota"
}
