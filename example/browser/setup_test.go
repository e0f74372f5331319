package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/internal/expect"
)

// On a phone, set-up leads with the link, and has the code for another phone's camera out
// of the way; on a wide screen, that is beside the field, and the link is there for phones
// that are emulated. Nobody has to scroll.
// The key is in lines of four groups, and selected as one.
func TestSetUpFits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		width, height int64
		touch         bool
		leads, qr     bool // whether the link is a button, and the code is seen
	}{
		{"phone", 390, 844, true, true, false},
		{"phone on its side", 844, 390, true, true, false},
		{"tablet", 1024, 768, true, true, true},
		{"wide", 1280, 800, false, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.browser(t)
			b.do(chromedp.EmulateViewport(test.width, test.height)) // which is without touch
			if _, err := chromedp.Call(b.ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: test.touch}); err != nil {
				t.Fatal(err)
			}
			b.login(alice)
			b.see(lockedIn)
			b.click("#security")
			b.click(`form[action="/2fa/enable"] button`)
			b.see("#code")
			for _, element := range []struct {
				css  string
				seen bool
			}{{"#otpauth", true}, {"#qr svg", test.qr}, {"#scan > summary", !test.qr}} {
				if got := get(b, chromedp.Evaluate[bool]("document.querySelector(`"+element.css+"`).checkVisibility()")); got != element.seen {
					t.Errorf("%s is seen: %t, want %t", element.css, got, element.seen)
				}
			}
			const isButton = `getComputedStyle(document.getElementById("otpauth")).display !== "inline"`
			expect.Equal(t, get(b, chromedp.Evaluate[bool](isButton)), test.leads, "the link is a button")
			const bottom = `document.querySelector("form button").getBoundingClientRect().bottom`
			if got := get(b, chromedp.Evaluate[float64](bottom)); test.height > 700 && got > float64(test.height) {
				t.Errorf("the form ends at %v on a screen of %d", got, test.height)
			}
			const pixels = `(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)(document.querySelector("#qr svg"))`
			if got := get(b, chromedp.Evaluate[float64](pixels)); test.qr && (got < 2 || got != float64(int(got))) {
				t.Errorf("a module is %v pixels wide, want a whole number", got)
			}
			expect.Equal(t, get(b, chromedp.Evaluate[string](keyLines)), "16 16", "the lines of the key have characters")
			if got := get(b, chromedp.Evaluate[string](keySelected)); len(got) != 39 || strings.Contains(got, "\n") {
				t.Errorf("selecting the key gives %d characters, of more than one line: %t", len(got), strings.Contains(got, "\n"))
			}
		})
	}
}

const (
	// keyLines counts the characters of the key on each of its lines, without blanks.
	keyLines = `(() => {
		document.getElementById("scan").open = true;
		const text = document.getElementById("key").firstChild, lines = {};
		for (let i = 0; i < text.length; i++) {
			if (text.data[i] === " ") continue;
			const range = document.createRange();
			range.setStart(text, i);
			range.setEnd(text, i + 1);
			const top = range.getBoundingClientRect().top;
			lines[top] = (lines[top] ?? 0) + 1;
		}
		return Object.values(lines).join(" ");
	})()`

	keySelected = `(() => {
		getSelection().selectAllChildren(document.getElementById("key"));
		return getSelection().toString();
	})()`
)
