package templates_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// TestEveryTextIsUsedAndEveryUsedTextExists looks for the keys where they are
// used: in the templates, and in the code outside the catalogue.
func TestEveryTextIsUsedAndEveryUsedTextExists(t *testing.T) {
	key := regexp.MustCompile(`"([a-z]+(?:\.[a-z]+)+)"`)
	used := make(map[templates.Key]bool)
	for _, name := range sources(t, "*.go", "html/*.html") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range key.FindAllStringSubmatch(read(t, name), -1) {
			if ext := filepath.Ext(m[1]); !slices.Contains([]string{".html", ".js", ".json", ".svg", ".ts"}, ext) {
				used[templates.Key(m[1])] = true
			}
		}
	}
	texts := make(map[templates.Key]bool)
	for k := range templates.Texts(templates.English) {
		texts[plain(k)] = true
	}
	for _, k := range slices.Sorted(maps.Keys(texts)) {
		if !used[k] && !strings.HasPrefix(string(k), "time.month.") {
			t.Errorf("%s is never used", k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(used)) {
		if !texts[k] {
			t.Errorf("%s is used but not in the catalogue", k)
		}
	}
}

// TestTemplatesHaveNoWords makes sure that all words come from the catalogue.
func TestTemplatesHaveNoWords(t *testing.T) {
	action := regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	markup := regexp.MustCompile(`(?s)[a-z-]+="[^"]*"|<[^>]*>`)
	spoken := regexp.MustCompile(`(?:alt|title|placeholder|label|aria-label|aria-description|value)="[^"]*[\pL\pN][^"]*"`)
	for _, name := range sources(t, "html/*.html") {
		page := action.ReplaceAllString(read(t, name), "")
		expect.Equal(t, spoken.FindString(page), "", "%s: has words", name)
		text := markup.ReplaceAllString(markup.ReplaceAllString(page, ""), "")
		if i := strings.IndexFunc(text, unicode.IsLetter); i >= 0 {
			t.Errorf("%s: words outside the catalogue: %.40q", name, text[i:])
		}
	}
}

// TestScriptsHaveNoWords makes sure that a script takes what it says from the
// page: it may set texts only from data attributes and numbers.
func TestScriptsHaveNoWords(t *testing.T) {
	sentence := regexp.MustCompile("[\"'`][^\"'`\n]*\\pL+ +\\pL+[^\"'`\n]*[\"'`]")
	comment := regexp.MustCompile(`(?m)^\s*//.*$`)
	for _, name := range sources(t, "html/*.js") {
		code := strings.ReplaceAll(comment.ReplaceAllString(read(t, name), ""), `"use strict"`, "")
		expect.Equal(t, sentence.FindString(code), "", name)
		expect.Lacks(t, code, "innerHTML", "%s: sets innerHTML", name)
	}
}

// sources returns the names of the package's files that match.
func sources(t *testing.T, patterns ...string) []string {
	t.Helper()
	var names []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		names = append(names, found...)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text := expect.Try(os.ReadFile(name)).OrFail(t)
	return string(text)
}
