package browser_test

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// look checks that the page fits a narrow screen, and takes pictures of it if
// EAGATE_SCREENSHOTS names a directory.
func (b *tab) look(name string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(320, 640))
	if width := get(b, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); width > 320 {
		b.t.Errorf("the page %s is %d pixels wide on a screen of 320", name, width)
	}
	if dir := os.Getenv("EAGATE_SCREENSHOTS"); dir != "" {
		b.picture(dir, name+"-390", 390, "light")
		b.picture(dir, name+"-light", 1024, "light")
		b.picture(dir, name+"-dark", 1024, "dark")
		b.scheme("")
	}
	b.do(chromedp.ResetViewport())
}

func (b *tab) picture(dir, name string, width int64, scheme string) {
	b.t.Helper()
	b.scheme(scheme)
	b.do(chromedp.EmulateViewport(width, 640))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	file := filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "-")+"-"+name+".png")
	if err := os.WriteFile(file, get(b, chromedp.FullScreenshot(100)), 0o644); err != nil {
		b.t.Error(err)
	}
}

// scheme sets light or dark.
func (b *tab) scheme(value string) {
	b.t.Helper()
	b.media("prefers-color-scheme", value)
}

// media sets a preference of the user's, in place of the one before.
func (b *tab) media(name, value string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: name, Value: value}},
	}); err != nil {
		b.t.Fatal(err)
	}
}
