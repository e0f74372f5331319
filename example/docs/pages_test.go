package docs_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/eagate/eagate/internal/expect"
)

// A page is a Markdown file of the repository.
type page struct {
	file    string // from root
	blocks  []block
	spans   []string // of code in sentences
	links   []string
	anchors map[string]bool
}

// A block is a block of code in a page.
type block struct {
	at, language, code string
}

// root is the repository, in which paths have slashes.
var root = os.DirFS("../..")

// walk calls f for each file of the repository whose name has the extension.
func walk(t *testing.T, extension string, f func(file string)) {
	t.Helper()
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && file != "." && (d.Name()[0] == '.' || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if err == nil && !d.IsDir() && path.Ext(file) == extension {
			f(file)
		}
		return err
	})
	expect.NoError(t, err)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b := expect.Try(fs.ReadFile(root, file)).OrFail(t)
	return b
}

var parsed = struct {
	sync.Once
	pages map[string]*page
}{}

// pages returns all pages by file.
func pages(t *testing.T) map[string]*page {
	t.Helper()
	parsed.Do(func() {
		parsed.pages = make(map[string]*page)
		walk(t, ".md", func(file string) { parsed.pages[file] = parse(file, read(t, file)) })
	})
	if len(parsed.pages) < 10 {
		t.Fatalf("found %d pages, want those of docs", len(parsed.pages))
	}
	return parsed.pages
}

var aReference = regexp.MustCompile(`\b(?:href|src|srcset)="([^"]*)"`)

func parse(file string, source []byte) *page {
	p := &page{file: file, anchors: make(map[string]bool)}
	lines := func(n ast.Node) string { return string(n.Lines().Value(source)) }
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM))
	_ = ast.Walk(markdown.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.FencedCodeBlock:
			at := fmt.Sprintf("%s:%d", file, 1+bytes.Count(source[:n.Pos()], []byte("\n")))
			p.blocks = append(p.blocks, block{at, string(n.Language(source)), lines(n)})
		case *ast.CodeSpan:
			p.spans = append(p.spans, plain(n, source))
		case *ast.Heading:
			anchor := slug(plain(n, source))
			for i := 1; p.anchors[anchor]; i++ {
				anchor = fmt.Sprintf("%s-%d", slug(plain(n, source)), i)
			}
			p.anchors[anchor] = true
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
		case *ast.HTMLBlock:
			for _, m := range aReference.FindAllStringSubmatch(lines(n), -1) {
				p.links = append(p.links, m[1])
			}
		case *ast.RawHTML:
			for _, m := range aReference.FindAllStringSubmatch(string(n.Segments.Value(source)), -1) {
				p.links = append(p.links, m[1])
			}
		}
		return ast.WalkContinue, nil
	})
	return p
}

// plain returns the text of a node, without markup.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if s, ok := c.(*ast.Text); ok {
			b.Write(s.Value(source))
			continue
		}
		b.WriteString(plain(c, source))
	}
	return b.String()
}

// slug returns the anchor that GitHub gives a heading.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.Pc):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// TestLinksLeadSomewhere demands of each link within the repository that its file exists,
// and that the page has its anchor; and of each page of docs that an index lists it.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	seen, listed := 0, make(map[string]bool)
	for file, p := range pages(t) {
		for _, link := range p.links {
			target, anchor, hasAnchor := strings.Cut(link, "#")
			if strings.Contains(target, ":") {
				continue // to elsewhere
			}
			seen++
			to := path.Join(path.Dir(file), target)
			if target == "" {
				to = file
			}
			listed[to] = listed[to] || path.Base(file) == "README.md"
			if _, err := fs.Stat(root, to); err != nil {
				t.Errorf("%s: the link %q leads nowhere: %v", file, link, err)
			} else if other := pages(t)[to]; hasAnchor && (other == nil || !other.anchors[anchor]) {
				t.Errorf("%s: the link %q: %s has no such heading", file, link, to)
			}
		}
	}
	for file := range pages(t) {
		if strings.HasPrefix(file, "docs/") && !listed[file] {
			t.Errorf("docs/README.md, or that of its folder, doesn't link to %s", file)
		}
	}
	if seen < 30 {
		t.Errorf("found %d links, want those of the pages", seen)
	}
}
