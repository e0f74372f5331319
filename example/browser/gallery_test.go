package browser_test

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/eagate/eagate/internal/expect"
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

	reported map[string]bool
}

// newViewer returns a viewer of pages in a theme and a language.
func newViewer(t *testing.T, theme gallery.Theme, lang templates.Language, evaluate func(string) []string) *viewer {
	t.Helper()
	opts := theme.Options
	if lang == gallery.Long {
		opts = append(slices.Clone(opts), templates.WithTexts(lang, gallery.Pseudo()))
	}
	pages := expect.Try(templates.New(opts...)).OrFail(t)
	return &viewer{t, pages, lang, evaluate, make(map[string]bool)}
}

// page is a scene's still page as a string of JavaScript.
func (v *viewer) page(scene gallery.Scene) string {
	v.t.Helper()
	page := expect.Try(scene.Still(v.pages)).OrFail(v.t)
	quoted := expect.Try(json.Marshal(page)).OrFail(v.t)
	return string(quoted)
}

// each reports the faults of each scene, whose page the expression knows as page.
func (v *viewer) each(expression string) {
	v.t.Helper()
	v.look(gallery.Scenes(gallery.Page(v.lang)), expression)
}

func (v *viewer) look(scenes []gallery.Scene, expression string) {
	v.t.Helper()
	for _, scene := range scenes {
		v.report(scene, v.evaluate("(async page => "+expression+")("+v.page(scene)+")"))
	}
}

// some returns one in three scenes, and all of them in a thorough test.
func (v *viewer) some() []gallery.Scene {
	var list []gallery.Scene
	for i, scene := range gallery.Scenes(gallery.Page(v.lang)) {
		if i%3 == 0 || strings.HasPrefix(v.t.Name(), "TestThorough") {
			list = append(list, scene)
		}
	}
	return list
}

// report reports faults, each in the first scene that has it.
func (v *viewer) report(scene gallery.Scene, faults []string) {
	v.t.Helper()
	for _, fault := range faults {
		if v.reported[fault] {
			continue
		}
		v.reported[fault] = true
		v.t.Errorf("%s in %s: %s", scene.Name(), v.lang, fault)
	}
}

// smallScreen opens a tab as wide as a small phone, or as a window of 1280 pixels at 400 %,
// for somebody who doesn't like motion. A script is evaluated before.
func smallScreen(t *testing.T, theme gallery.Theme, lang templates.Language, script string) (*tab, *viewer) {
	t.Helper()
	b := (&world{}).browser(t)
	b.do(chromedp.Navigate("about:blank"), chromedp.EmulateViewport(320, 640))
	b.media("prefers-reduced-motion", "reduce")
	b.do(chromedp.Evaluate[chromedp.Void](galleryScript + "const win = window;" + script + ";0"))
	return b, newViewer(t, theme, lang, func(expression string) []string {
		t.Helper()
		return get(b, chromedp.Evaluate[[]string](expression, chromedp.EvalAwaitPromise))
	})
}

// plain is the theme without any option.
var plain = gallery.Themes()[0]

// The languages that stand for all: one from right to left, and one with long texts.
var sampleLanguages = []templates.Language{templates.English, templates.Arabic, gallery.Long}

// On a narrow screen, everything is in its place.
func TestGalleryLayout(t *testing.T) {
	t.Parallel()
	for _, lang := range sampleLanguages {
		t.Run(string(lang), func(t *testing.T) {
			_, v := smallScreen(t, plain, lang, "")
			v.each(`layout(unfold(put(win, page)))`)
		})
	}
}

// Without scripts, everything is in its place, too, and each page leads on.
func TestGalleryWithoutScript(t *testing.T)         { galleryWithoutScript(t) }
func TestThoroughGalleryWithoutScript(t *testing.T) { galleryWithoutScript(t) }

func galleryWithoutScript(t *testing.T) {
	t.Parallel()
	_, v := smallScreen(t, plain, templates.English, "")
	v.look(v.some(), `[...scriptless(await bare(page)), ...layout(document.querySelector("iframe").contentDocument)]`)
}

// axe-core finds nothing.
func TestGalleryAxe(t *testing.T) {
	t.Parallel()
	_, v := smallScreen(t, plain, templates.English, needAxe(t))
	v.each(`(unfold(put(win, page)), axed(win))`)
}

// Where the system sets the colours, controls look like controls.
func TestGalleryForcedColors(t *testing.T)         { galleryForcedColors(t) }
func TestThoroughGalleryForcedColors(t *testing.T) { galleryForcedColors(t) }

func galleryForcedColors(t *testing.T) {
	t.Parallel()
	b, v := smallScreen(t, plain, templates.English, "")
	b.media("forced-colors", "active")
	v.look(v.some(), `forced(unfold(put(win, page)))`)
}

// The Tab key gets to all controls, in their order, and each shows it.
func TestGalleryKeyboard(t *testing.T)         { galleryKeyboard(t) }
func TestThoroughGalleryKeyboard(t *testing.T) { galleryKeyboard(t) }

func galleryKeyboard(t *testing.T) {
	t.Parallel()
	b, v := smallScreen(t, plain, templates.English, "")
	for _, scene := range v.some() {
		n := get(b, chromedp.Evaluate[int](`tabbed(put(win, `+v.page(scene)+`))`))
		b.press(strings.Repeat(kb.Tab, n))
		v.report(scene, v.evaluate(`tabs(document)`))
	}
}

// The same in all languages and themes. axe-core looks at a theme in English, light and
// dark, and at each language in the plain one.
func TestThoroughGallery(t *testing.T) {
	t.Parallel()
	axe := needAxe(t)
	for _, theme := range gallery.Themes() {
		t.Run(theme.Name+" dark", func(t *testing.T) {
			t.Parallel()
			b, v := smallScreen(t, theme, templates.English, axe)
			b.media("prefers-color-scheme", "dark")
			v.each(`(unfold(put(win, page)), axed(win))`)
		})
		for _, lang := range newViewer(t, theme, templates.English, nil).pages.Languages() {
			t.Run(theme.Name+" "+string(lang), func(t *testing.T) {
				t.Parallel()
				_, v := smallScreen(t, theme, lang, axe)
				if theme.Name == plain.Name || lang == templates.English {
					v.each(everything)
				} else {
					v.each(`layout(unfold(put(win, page)))`)
				}
			})
		}
	}
}

// everything is what can be asked of a page without changing the browser.
const everything = `(async doc => [...layout(doc), ...await axed(win)])(unfold(put(win, page)))`

// Firefox finds the same.
func TestThoroughGalleryInFirefox(t *testing.T) {
	t.Parallel()
	axe := needAxe(t)
	e := (&world{}).firefox(t)
	evaluate := func(script string) []string {
		t.Helper()
		faults, err := value[[]string](e.call("WebDriver:ExecuteAsyncScript", map[string]any{
			"script": galleryScript + `const done = arguments[arguments.length - 1], win = frames[0];
				Promise.resolve((` + script + `)).then(done, (e) => done(["" + e]))`,
			"args": []any{}, "sandbox": nil,
		}))
		expect.NoError(t, err)
		return faults
	}
	e.must("WebDriver:Navigate", map[string]any{"url": "about:blank"})
	quoted := expect.Try(json.Marshal(axe)).OrFail(t)
	evaluate(`document.body.innerHTML = "<iframe width=320 height=640 frameborder=0>", frames[0].eval(` + string(quoted) + `), []`)
	for _, lang := range []templates.Language{templates.English, templates.Arabic} {
		v := newViewer(t, plain, lang, evaluate)
		v.each(everything)
	}
}
