package templates_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// readers are the options that read a file of that content and kind.
func readers(content string, mode fs.FileMode) map[string]templates.Option {
	file := func(name string) fs.FS { return pipeFS{fstest.MapFS{name: {Data: []byte(content), Mode: mode}}} }
	return map[string]templates.Option{
		"layout":       templates.WithLayout(file("layout.html")),
		"templates":    templates.WithTemplates(file("message.html")),
		"translations": templates.WithTranslations(file("de.json")),
		"theme":        templates.WithTheme(templates.Theme{Logo: templates.Image{FS: file("logo.svg"), Name: "logo.svg"}}),
	}
}

// pipeFS has pipes, of which opening one never ends.
type pipeFS struct{ fstest.MapFS }

func (p pipeFS) Stat(name string) (fs.FileInfo, error) { return p.MapFS.Stat(name) }

func (p pipeFS) Open(name string) (fs.File, error) {
	if f := p.MapFS[name]; f != nil && f.Mode&fs.ModeNamedPipe != 0 {
		panic("waits for a writer of " + name)
	}
	return p.MapFS.Open(name)
}

func TestFilesThatAreNone(t *testing.T) {
	t.Parallel()
	for what, of := range map[string]map[string]templates.Option{
		"is no regular file": readers("", fs.ModeNamedPipe),
		"has more than":      readers(strings.Repeat(" ", 1<<20+1), 0),
		"is empty":           readers("", 0),
		"isn't UTF-8":        readers("\xff\xfe", 0),
	} {
		for name, option := range of {
			if what == "isn't UTF-8" && name == "theme" {
				continue // images are none
			}
			if _, err := templates.New(option); err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: got %v, want %q in it", name, err, what)
			}
		}
	}
}

// Editors of some systems begin files with a byte order mark.
func TestFilesWithAByteOrderMark(t *testing.T) {
	t.Parallel()
	const mark = "\ufeff"
	layout := layoutFiles("", "")
	for _, file := range layout {
		file.Data = append([]byte(mark), file.Data...)
	}
	p := newPages(t, templates.WithLayout(layout),
		templates.WithTemplates(fstest.MapFS{"required.html": {Data: []byte(mark + templates.Original("required.html"))}}),
		templates.WithTranslations(fstest.MapFS{"de.json": {Data: []byte(mark + `{"challenge.cancel": "Abbrechen"}`)}}))
	expect.Lacks(t, render(t, p, templates.Required{Page: plainPage("de")}), mark, "the mark in a page")
}
