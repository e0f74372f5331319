package browser_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// opens clicks an element that opens a window, and returns that, once it has its
// title: it can't be joined while it is on its way to the page.
func (b *tab) opens(element string) *tab {
	b.t.Helper()
	b.click(element)
	for end := time.Now().Add(patience); ; {
		for _, info := range b.windows() {
			if strings.Contains(info.Title, "eAuthenticator") {
				return b.world.newTab(b.t, b.ctx, chromedp.WithTargetID(info.TargetID))
			}
		}
		if time.Now().After(end) {
			b.fail(errors.New("no window opens"))
		}
	}
}

// windows are the pages of the service that are open in the tab's browser.
func (b *tab) windows() []*target.Info {
	b.t.Helper()
	targets := expect.Try(chromedp.Targets(b.ctx)).OrFail(b.t)
	return slices.DeleteFunc(targets, func(info *target.Info) bool {
		return !strings.HasPrefix(info.URL, b.world.Emulator.URL+emulator.WebviewPath)
	})
}

// wantClosed fails the test unless the popup closes.
func (b *tab) wantClosed() {
	b.t.Helper()
	for end := time.Now().Add(patience); len(b.windows()) > 0; {
		if time.Now().After(end) {
			b.t.Fatalf("got %d windows of the service, want none", len(b.windows()))
		}
	}
}

func TestPopup(t *testing.T) {
	t.Parallel()
	w := newHosted(t, eagate.Popup)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.sent(alice)
	popup := b.opens("#webview")
	popup.see(inWebview)
	popup.fits()
	if got, want := popup.text(inWebview), phone.Pending()[0].Number; got != want {
		t.Errorf("the popup shows %q, want %q", got, want)
	}
	b.wantPath("/2fa/challenge")
	b.wantText("Go on in the eAuthenticator window")
	b.fits()
	answer(t, phone.Approve)
	b.see(verifiedIn) // without a click
	b.wantPath("/account")
	b.wantClosed()
}

func TestPopupRejected(t *testing.T) {
	t.Parallel()
	w := newHosted(t, eagate.Popup, middleware.WithFalseResult(eagate.Rejection))
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.sent(alice)
	b.opens("#webview").see(inWebview)
	answer(t, phone.Deny)
	b.ended()
	b.wantClosed()
	b.login(alice)
	b.see("#code")
	b.enter("#code", w.code(t, phone))
	b.click(`form[action="/2fa/challenge/totp"] button`)
	b.see(verifiedIn)
	b.wantPath("/account")
}

// An error in the popup has its text on our page, and a next step there.
func TestPopupErrors(t *testing.T) {
	t.Parallel()
	needChromium(t)
	for _, test := range []struct{ code, said string }{
		{"TIMEOUT", "timeout"}, {"REJECT", "rejected"}, {"INTERNAL_SERVER_ERROR", "fault"}, {"a&b=c", "unclear"},
	} {
		t.Run(test.said, func(t *testing.T) {
			t.Parallel()
			w := newHosted(t, eagate.Popup)
			phone := w.enrolled(t, alice)
			b := w.browser(t)
			b.sent(alice)
			w.Emulator.Forge(func(r *emulator.Return) { r.Token, r.Error = "", test.code })
			b.click("#webview")
			b.see(`main[data-state="pending"] #returned[data-return="` + test.said + `"]`)
			b.wantPath("/2fa/challenge")
			b.wantClosed()
			w.Emulator.Behave()
			if test.said == "timeout" || test.said == "rejected" {
				b.click(`form[action="/2fa/challenge"] button`)
				b.see(`#push:not(:has(#returned)) #webview`)
			}
			b.opens("#webview").see(inWebview)
			answer(t, phone.Approve)
			b.see(verifiedIn)
			b.wantPath("/account")
		})
	}
}

// A window that the user has closed can be opened again.
func TestThoroughPopupClosedByTheUser(t *testing.T) {
	t.Parallel()
	w := newHosted(t, eagate.Popup)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.sent(alice)
	popup := b.opens("#webview")
	popup.see(inWebview)
	expect.NoError(t, chromedp.Cancel(popup.ctx))
	b.wantClosed()
	b.find(link, "Open the eAuthenticator page again")
	b.wantText("The eAuthenticator window was closed.")
	b.fits()
	b.opens("#webview").see(inWebview)
	answer(t, phone.Approve)
	b.see(verifiedIn)
}

// Where no window can be opened, the same link leads there and back.
func TestPopupBlocked(t *testing.T) {
	t.Parallel()
	w := newHosted(t, eagate.Popup)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.sent(alice)
	b.do(chromedp.Evaluate[chromedp.Void](`window.open = () => null`))
	b.click("#webview")
	b.see(inWebview)
	expect.Equal(t, len(b.windows()), 1, "windows of the service (this one alone)")
	answer(t, phone.Approve)
	b.see(verifiedIn)
	b.wantPath("/account")
}

// A counter counts requests by path.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) around(app http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.n[r.URL.Path]++
		c.mu.Unlock()
		app.ServeHTTP(w, r)
	})
}

// looks is how often a page has looked again, by any way.
func (c *counter) looks() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n["/2fa/challenge/status"] + c.n["/2fa/return"] + c.n["/2fa/challenge"]
}

// Only a message of the popup, from the service's origin, with the page's state
// makes the page look again; and that is all that it does.
func TestA11_PopupMessages(t *testing.T) {
	t.Parallel()
	c := &counter{n: make(map[string]int)}
	w := newWorldIn(t, eagate.Popup, c.around)
	w.enrolled(t, alice)
	// The page of a stranger sends to its opener what it is told to.
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><title>Stranger</title><link rel="icon" href="data:,"><script>opener.postMessage(JSON.parse(decodeURIComponent(location.hash.slice(1))), "*")</script>`)
	}))
	t.Cleanup(stranger.Close)

	b := w.browser(t)
	b.sent(alice)
	b.opens("#webview").see(inWebview)
	// Besides, the page looks again whenever it comes to the fore.
	b.do(chromedp.Evaluate[chromedp.Void](`window.heard = 0; addEventListener("message", () => { heard++; });
		addEventListener("visibilitychange", (event) => event.stopImmediatePropagation(), true)`))
	before := c.looks()
	heard := 0
	ignored := func(name, script string) {
		t.Helper()
		b.do(chromedp.Evaluate[chromedp.Void](script))
		heard++
		b.do(chromedp.Poll[chromedp.Void](fmt.Sprintf("heard === %d", heard)))
		expect.Equal(t, c.looks()-before, 0, "%s: the page has looked again", name)
		expect.Differ(t, len(b.text("#webview")), 0, "%s: the page has changed", name)
	}
	const good = `{session_token: "x", state: document.getElementById("webview").dataset.state}`
	at := func(page, message string) string {
		return `window.open("` + page + `#" + encodeURIComponent(JSON.stringify(` + message + `)), "eagate"), undefined`
	}
	ignored("from the page itself", `window.postMessage(`+good+`, "*")`)
	ignored("as the service, from the page itself", `dispatchEvent(new MessageEvent("message", {data: `+good+`, origin: "`+w.Emulator.URL+`", source: window})), undefined`)
	ignored("from another window of the service", `dispatchEvent(new MessageEvent("message", {data: `+good+`, origin: "`+w.Emulator.URL+`"})), undefined`)
	ignored("from another origin", at(stranger.URL+"/success", good))
	ignored("an error from another origin", at(stranger.URL+"/error", `{session_token: null, error: "REJECT", state: document.getElementById("webview").dataset.state}`))
	for name, data := range map[string]string{
		"another state": `{session_token: "x", state: "x"}`, "no state": `{session_token: "x"}`, "nothing": `null`, "text": `document.getElementById("webview").dataset.state`,
		"a number": `7`, "a list": `[]`, "a state that isn't text": `{state: [document.getElementById("webview").dataset.state]}`,
	} {
		ignored(name, `dispatchEvent(new MessageEvent("message", {data: `+data+`, origin: "`+w.Emulator.URL+`", source: window.open("", "eagate")})), undefined`)
	}
	w.Emulator.Forge(func(r *emulator.Return) { r.State = "other" })
	service := `document.getElementById("webview").dataset.popup`
	ignored("the service's own page with another state", `window.open(`+service+`, "eagate"), undefined`)

	// The very same with the right state, though nobody has touched the phone.
	w.Emulator.Forge(func(*emulator.Return) {})
	b.do(chromedp.Evaluate[chromedp.Void](`window.open("about:blank", "eagate").close();
		const open = window.open; window.open = (...args) => window.opened = open(...args), undefined`))
	b.click("#webview")
	b.do(chromedp.Poll[chromedp.Void](fmt.Sprintf("heard === %d", heard+1)))
	b.do(chromedp.Poll[chromedp.Void](`document.getElementById("status").textContent.includes("waiting for its confirmation")`))
	for end := time.Now().Add(patience); c.looks()-before != 1; {
		if time.Now().After(end) {
			t.Fatalf("the page has looked again %d times, want once", c.looks()-before)
		}
	}
	b.wantPath("/2fa/challenge")
	b.see(toWebview)

	// The state is used up.
	b.do(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new MessageEvent("message", {data: ` + good + `, origin: "` + w.Emulator.URL + `", source: opened})), undefined`))
	b.do(chromedp.Poll[chromedp.Void](fmt.Sprintf("heard === %d", heard+2)))
	expect.Equal(t, c.looks()-before, 1, "a message that comes again: the page has looked")
	b.open("/account")
	b.see(toWebview) // locked as before
}
