package browser_test

import (
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// fits checks that a page which isn't in the gallery fits a narrow screen.
func (b *tab) fits() {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(320, 640))
	if width := get(b, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); width > 320 {
		b.t.Errorf("the page at %s is %d pixels wide on a screen of 320", get(b, chromedp.Location()), width)
	}
	b.do(chromedp.ResetViewport())
}

// media sets a preference of the user's, such as "prefers-color-scheme", in place of the one
// before.
func (b *tab) media(name, value string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: name, Value: value}},
	}); err != nil {
		b.t.Fatal(err)
	}
}
