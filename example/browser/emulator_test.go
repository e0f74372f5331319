package browser_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// The phone's page shows what is new without disturbing what is being done on it, and is
// answered by keyboard.
func TestPhonePageKeepsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.media("prefers-reduced-motion", "reduce") // a click doesn't hit what moves
	b.do(chromedp.Navigate(w.Emulator.URL + emulator.PhonePath))
	w.client(t, alice).Stop()
	first := newest(t, phone)
	b.see(`[data-request="` + first + `"][open] button.deny`)
	b.click(".sheet summary")
	b.see(".sheet:not([open]) summary")

	w.Clock.Add(apptest.Step)
	code := expect.Try(phone.Code()).OrFail(t)
	b.see(`[data-code="` + code + `"]`)
	b.see(`.sheet:not([open]) summary`)
	b.click(".copy")
	b.do(chromedp.WaitReady(chromedp.CSS("#copied:not(:empty)")))
	expect.Equal(t, get(b, chromedp.Evaluate[string](`document.getElementById("copied").textContent`)), "The code was copied.")

	b.click(".sheet summary")
	b.tabTo("button.deny")
	b.press(kb.Enter)
	b.see(".said.bad")
	b.see(`[data-answered="` + first + `"][data-state="denied"]`)
	expect.Equal(t, len(phone.Pending()), 0, "waiting")
}

// newest returns the ID of the newest request that waits on the phone.
func newest(t *testing.T, phone *emulator.Phone) string {
	t.Helper()
	pending := phone.Pending()
	if len(pending) == 0 {
		t.Fatal("no request waits on the phone")
	}
	return pending[len(pending)-1].ID
}

// axe-core finds nothing on the phone's pages, on narrow screens and on wide ones.
func TestPhonePageAxe(t *testing.T) {
	t.Parallel()
	axe := needAxe(t)
	w := newWorld(t)
	origin := w.Emulator.URL
	b := w.browser(t)
	b.media("prefers-reduced-motion", "reduce")
	check := func(name, path string) {
		t.Helper()
		b.do(chromedp.Navigate(origin+path), chromedp.Evaluate[chromedp.Void](axe+";0"))
		for _, width := range []int64{320, 1280} {
			b.do(chromedp.EmulateViewport(width, 800))
			found := get(b, chromedp.Evaluate[[]string](`axe.run().then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html)))`, chromedp.EvalAwaitPromise))
			for _, violation := range found {
				t.Errorf("%s, %d pixels wide: %s", name, width, violation)
			}
			if got := get(b, chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); got > width {
				t.Errorf("%s is %d pixels wide on a screen of %d", name, got, width)
			}
		}
	}
	check("empty", emulator.PhonePath)
	check("add", emulator.PhonePath+"/add")
	phone := w.enrolled(t, alice)
	w.client(t, alice).Stop()
	check("request", emulator.PhonePath)
	resp, err := http.PostForm(origin+emulator.PhonePath+"/answer", url.Values{"request": {newest(t, phone)}, "number": {"0"}})
	expect.NoError(t, err)
	resp.Body.Close()
	if said := resp.Request.URL.RequestURI(); strings.Contains(said, "said=wrong") {
		check("answered", said)
	} else {
		t.Errorf("got %s, want it to say what was wrong", said)
	}
}
