package templates

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/eagate/eagate/internal/markup"
)

// WithTemplates replaces templates of pages. Without it, the originals are used. Each file
// of fsys has the name of one, such as "challenge.html", and the same blocks as the
// original, which [Original] returns. Its first line says which original it was made from,
// and must stay:
//
//	{{/* eagate:challenge.html:2Yk3mZ0qJt1rVw8x */}}
//
// If a later release has another original, [New] reports that: compare the two, adopt the
// changes, and then replace the line by that of the new original.
//
// The block "body" is the content of the main element, with a [Sheet] as its dot, whose
// View is a [ChallengeSheet], [SecuritySheet], [EnableSheet], [RecoverySheet],
// [DevicesSheet], [MessageSheet] or [Required], by the page's name. All texts are those
// of the catalogue: {{t "key"}}, with {{t "key" "name" value}} for placeholders.
//
// New renders the template in the page's states. It reports the forms and fields, data
// attributes, and elements that scripts find by ID which the original has and the template
// lacks, and what browsers would refuse, as for [WithLayout].
func WithTemplates(fsys fs.FS) Option {
	return func(c *config) { c.templates, c.templatesSet = fsys, true }
}

// Original returns this package's template of a page, such as "challenge.html", to start
// one for [WithTemplates] from, or "" if there is no such page.
func Original(name string) string {
	text, ok := original(name)
	if !ok {
		return ""
	}
	return originLine(name, text) + "\n" + text
}

func original(name string) (string, bool) {
	page, ok := strings.CutSuffix(name, ".html")
	if !ok || !slices.Contains(pageNames, page) {
		return "", false
	}
	text, err := files.ReadFile("html/" + name)
	return string(text), err == nil
}

// originLine is the first line of a template, which says what original it was made from.
func originLine(name, original string) string {
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
		fail("no file system: give one with files such as %s.html", challengePage)
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
		if err := checkOrigin(name, text, was); err != nil {
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
	return errors.New("no files such as " + challengePage + ".html" + below(fsys, "*.html"))
}

// checkOrigin makes sure that a template was made from the present original.
func checkOrigin(name, text, was string) error {
	first, _, _ := strings.Cut(text, "\n")
	want := originLine(name, was)
	switch first = strings.TrimRight(first, "\r "); {
	case first == want:
		return nil
	case strings.HasPrefix(first, "{{/* eagate:"+name+":"):
		return fmt.Errorf("the original has changed since: compare this template with templates.Original(%q), then make its first line %s", name, want)
	}
	return fmt.Errorf("its first line doesn't say which original it was made from: start from templates.Original(%q), whose first line is %s", name, want)
}

// checkTemplates returns what is wrong with the application's templates of pages.
func (c *config) checkTemplates() []error {
	faults := c.readTemplates()
	for _, page := range slices.Sorted(maps.Keys(c.own.pages)) {
		for _, fault := range c.checkTemplate(page) {
			faults = append(faults, fmt.Errorf("templates: WithTemplates: %s.html: %s", page, fault))
		}
	}
	return faults
}

// checkTemplate renders a page of the application and the original in all states, and
// returns what is missing, each thing once.
func (c *config) checkTemplate(page string) (faults []string) {
	ours, err := parse(page, sampleCatalogue(), &own{})
	if err != nil {
		return []string{err.Error()}
	}
	theirs, err := parse(page, sampleCatalogue(), &own{pages: map[string]string{page: c.own.pages[page]}})
	if err != nil {
		return []string{err.Error()}
	}
	if theirs.Lookup("body") == nil {
		return []string{`it defines no "body", which is the content of the page`}
	}
	alone, err := template.New(page).Funcs(funcs(sampleCatalogue())).Parse(c.own.pages[page])
	if err == nil && alone.Tree != nil && strings.TrimSpace(alone.Tree.Root.String()) != "" {
		return []string{"what isn't in a block is never shown: write it between {{define \"body\"}} and its {{end}}"}
	}
	ids := scriptIDs(page)
	seen := make(map[string]bool)
	for i, sample := range samples(page) {
		s := sample.view.sheet()
		s.Dir = "ltr"
		if i == 0 { // the style and the scripts don't depend on the state
			if err := theirs.ExecuteTemplate(io.Discard, "layout", s); err != nil {
				return []string{err.Error()}
			}
		}
		want, err := renderSample(ours, s)
		if err != nil {
			return []string{err.Error()}
		}
		got, err := renderSample(theirs, s)
		if err != nil {
			return append(faults, fmt.Sprintf("%s: %v", sample.name, err))
		}
		original, policy := markup.CheckPolicy(want, s.Nonce), markup.CheckPolicy(got, s.Nonce)
		for _, fault := range append(markup.FindParts(want, ids).Missing(markup.FindParts(got, ids)), policy.Faults...) {
			if !seen[fault] && !slices.Contains(original.Faults, fault) { // such as its refresh
				faults = append(faults, sample.name+": "+fault)
				seen[fault] = true
			}
		}
		c.sources.Merge(policy.Sources)
	}
	return faults
}

// renderSample returns what a page's own template makes of a view.
func renderSample(page *template.Template, s Sheet) (*html.Node, error) {
	var b strings.Builder
	for _, name := range []string{"head", "eagate/main"} {
		if err := page.ExecuteTemplate(&b, name, s); err != nil {
			return nil, err
		}
	}
	return markup.Parse(b.String())
}

var scriptID = regexp.MustCompile(`(?:getElementById|byID)\("([a-z-]+)"\)`)

// scriptIDs returns the IDs by which the scripts of a page find elements.
func scriptIDs(page string) (ids []string) {
	also := ""
	if page == challengePage {
		also = popupScript
	}
	for _, m := range scriptID.FindAllStringSubmatch(string(pageScripts()[page+" "+also]), -1) {
		ids = append(ids, m[1])
	}
	return ids
}
