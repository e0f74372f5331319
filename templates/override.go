package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// WithTemplates replaces the templates of pages: each file of fsys has the name of one,
// such as "challenge.html", and the same blocks as the original, which [Original] returns.
// Its first line says which original it was made from, and must stay:
//
//	{{/* eagate:challenge.html:2Yk3mZ0qJt1rVw8x */}}
//
// Where a later release has another original, [New] reports that: compare the two, take
// over what has changed, and then the line of the new one.
//
// The block "body" is the content of the main element, with a [Sheet] as its dot, whose
// View is a [ChallengeSheet], [SecuritySheet], [EnableSheet], [RecoverySheet],
// [DevicesSheet], [MessageSheet] or [Required], by the page's name. All texts are those
// of the catalogue: {{t "key"}}, with {{t "key" "name" value}} for placeholders.
//
// New renders the template for the page's states, and reports what the original has and
// it lacks: forms and their fields, the data attributes, and the elements that the
// scripts find by ID.
func WithTemplates(fsys fs.FS) Option {
	return func(c *config) { c.templates, c.templatesSet = fsys, true }
}

// Original returns the template of a page, such as "challenge.html", as the start of one
// for [WithTemplates], or "" if there is no such page.
func Original(name string) string {
	text, ok := original(name)
	if !ok {
		return ""
	}
	return mark(name, text) + "\n" + text
}

func original(name string) (string, bool) {
	page, ok := strings.CutSuffix(name, ".html")
	if !ok || !slices.Contains(pageNames, page) {
		return "", false
	}
	text, err := files.ReadFile("html/" + name)
	return string(text), err == nil
}

// mark is the first line of a template that was made from an original.
func mark(name, original string) string {
	return "{{/* eagate:" + name + ":" + contentHash([]byte(original)) + " */}}"
}

// readTemplates reads the templates of pages.
func (c *config) readTemplates() (faults []error) {
	if !c.templatesSet {
		return nil
	}
	fail := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("templates: WithTemplates: "+format, args...))
	}
	if c.templates == nil {
		fail("no files")
		return faults
	}
	names, err := fs.Glob(c.templates, "*.html")
	if err == nil && len(names) == 0 {
		err = firstError(c.templates)
	}
	if err != nil {
		fail("%w", err)
	}
	c.own.pages = make(map[string]string)
	for _, name := range names {
		was, ok := original(name)
		if !ok {
			fail("%s: there is no such page: want one of %s", name, strings.Join(pageNames, ".html, ")+".html")
			continue
		}
		text, err := readText(c.templates, name, maxTemplate)
		if err != nil {
			fail("%w", err)
			continue
		}
		if err := checkMark(name, text, was); err != nil {
			fail("%s: %w", name, err)
		}
		c.own.pages[strings.TrimSuffix(name, ".html")] = text
	}
	return faults
}

// firstError returns why a folder has no templates: fs.Glob doesn't say.
func firstError(fsys fs.FS) error {
	if _, err := fs.ReadDir(fsys, "."); err != nil {
		return err
	}
	return errors.New("no files such as " + challengePage + ".html")
}

// checkMark makes sure that a template was made from the present original.
func checkMark(name, text, was string) error {
	first, _, _ := strings.Cut(text, "\n")
	want := mark(name, was)
	switch first = strings.TrimRight(first, "\r "); {
	case first == want:
		return nil
	case strings.HasPrefix(first, "{{/* eagate:"+name+":"):
		return fmt.Errorf("the original has changed since: compare this template with templates.Original(%q), then make its first line %s", name, want)
	}
	return fmt.Errorf("its first line doesn't say which original it was made from: start from templates.Original(%q), whose first line is %s", name, want)
}
