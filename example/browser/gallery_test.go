package browser_test

import (
	_ "embed"
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/eagate/eagate/internal/gallery"
	"github.com/eagate/eagate/templates"
)

//go:embed gallery.js
var galleryScript string

// A viewer shows the pages of the gallery in a browser, one after the other, without a
// server.
type viewer struct {
	t     *testing.T
	pages *templates.Pages
	lang  templates.Language

	// evaluate evaluates an expression of gallery.js that makes a list of faults, or
	// promises one.
	evaluate func(expression string) []string
}

// newViewer returns a viewer of pages in a language.
func newViewer(t *testing.T, lang templates.Language, evaluate func(string) []string) *viewer {
	t.Helper()
	var opts []templates.Option
	if lang == gallery.Long || lang == gallery.RightToLeft {
		opts = append(opts, templates.WithTexts(lang, gallery.Pseudo(lang)))
	}
	pages, err := templates.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return &viewer{t, pages, lang, evaluate}
}

// page is a scene's still page as a string of JavaScript.
func (v *viewer) page(scene gallery.Scene) string {
	v.t.Helper()
	page, err := scene.Still(v.pages)
	if err != nil {
		v.t.Fatal(err)
	}
	quoted, err := json.Marshal(page)
	if err != nil {
		v.t.Fatal(err)
	}
	return string(quoted)
}

// each reports the faults of each scene, whose page the expression knows as page.
func (v *viewer) each(expression string) {
	v.t.Helper()
	for _, scene := range gallery.Scenes(gallery.Page(v.lang)) {
		v.report(scene, v.evaluate("(async page => "+expression+")("+v.page(scene)+")"))
	}
}

func (v *viewer) report(scene gallery.Scene, faults []string) {
	v.t.Helper()
	for _, fault := range faults {
		v.t.Errorf("%s in %s: %s", scene.Name(), v.lang, fault)
	}
}

// smallScreen opens a tab as wide as a small phone, or as a window of 1280 pixels at 400 %,
// for somebody who doesn't like motion. What follows the script is evaluated before.
func smallScreen(t *testing.T, lang templates.Language, script string) (*tab, *viewer) {
	t.Helper()
	b := (&world{}).browser(t)
	b.do(chromedp.Navigate("about:blank"), chromedp.EmulateViewport(320, 640))
	b.media("prefers-reduced-motion", "reduce")
	b.do(chromedp.Evaluate[chromedp.Void](galleryScript + script + ";0"))
	return b, newViewer(t, lang, func(expression string) []string {
		t.Helper()
		return get(b, chromedp.Evaluate[[]string](expression, chromedp.EvalAwaitPromise))
	})
}

// The languages that stand for all: one from right to left, and one with long texts.
var sampleLanguages = []templates.Language{templates.English, gallery.RightToLeft, gallery.Long}

// On a narrow screen, everything is in its place, with scripts and without.
func TestGalleryLayout(t *testing.T) {
	t.Parallel()
	for _, lang := range sampleLanguages {
		t.Run(string(lang), func(t *testing.T) {
			_, v := smallScreen(t, lang, "")
			v.each(`layout(unfold(put(window, page)))`)
		})
	}
}

// Without scripts, each page is in its place, too, and leads on.
func TestGalleryWithoutScript(t *testing.T) {
	t.Parallel()
	_, v := smallScreen(t, templates.English, "")
	v.each(`[...scriptless(await bare(page)), ...layout(document.querySelector("iframe").contentDocument)]`)
}

// axe-core finds nothing.
func TestGalleryAxe(t *testing.T) {
	t.Parallel()
	_, v := smallScreen(t, templates.English, needAxe(t))
	v.each(`(unfold(put(window, page)), axed(window))`)
}

// Where the system sets the colours, controls look like controls.
func TestGalleryForcedColors(t *testing.T) {
	t.Parallel()
	b, v := smallScreen(t, templates.English, "")
	b.media("forced-colors", "active")
	v.each(`forced(unfold(put(window, page)))`)
}

// The Tab key gets to all controls, in their order, and each shows it.
func TestGalleryKeyboard(t *testing.T) {
	t.Parallel()
	b, v := smallScreen(t, templates.English, "")
	for _, scene := range gallery.Scenes(gallery.Page(v.lang)) {
		n := get(b, chromedp.Evaluate[int](`tabbed(put(window, `+v.page(scene)+`))`))
		b.press(strings.Repeat(kb.Tab, n))
		v.report(scene, v.evaluate(`tabs(document)`))
	}
}
