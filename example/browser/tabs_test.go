package browser_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// Six tabs are opened at the same moment, as a browser does that restores them, while
// the service takes its time: one request is sent, and all of them arrive.
func TestThoroughSixColdTabs(t *testing.T) {
	t.Parallel()
	const tabs = 6
	came := make(chan struct{}, 100)
	w := newWorldBehind(t, func(app http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/2fa/challenge" {
				came <- struct{}{}
			}
			if r.URL.Path == "/restore" { // the browser's session
				http.SetCookie(w, &http.Cookie{Name: "session", Value: r.FormValue("session"), Path: "/"})
				return
			}
			app.ServeHTTP(w, r)
		})
	}, middleware.WithStoreTimeout(30*time.Second)) // it is the store that is held
	phone := w.enrolled(t, alice)
	login := (&apptest.App{World: w.World, URL: w.url}).Browser(t)
	login.Post("/login", "email", alice, "password", app.Password)
	first := w.browser(t)
	first.open("/restore?session=" + login.Cookie("session"))
	list := []*tab{first}
	for range tabs - 1 {
		list = append(list, first.another())
	}
	asked := w.Pause(t, apptest.Nth(1, apptest.Writes, store.Challenges))
	var opening sync.WaitGroup
	for _, b := range list {
		opening.Go(func() {
			if err := chromedp.Do(b.ctx, chromedp.Navigate(w.url+"/account")); err != nil {
				t.Error(err)
			}
		})
	}
	for range tabs { // while the first of them asks
		<-came
	}
	asked.Wait()
	asked.Go()
	opening.Wait()
	for _, b := range list {
		b.see(waiting)
	}
	expect.Equal(t, len(w.Emulator.Requests()), 1, "times the phone was asked")
	answer(t, phone.Approve)
	for _, b := range list {
		b.see(verifiedIn)
		b.wantPath("/account")
	}
	expect.Equal(t, len(w.Emulator.Requests()), 1, "in the end, the phone was asked")
}

// A browser has six connections to a host over HTTP/1.1: pages that nobody sees hold none
// of them, and learn what has happened when they are seen again.
func TestThoroughSevenTabs(t *testing.T) {
	t.Parallel()
	w, m := newMailbox(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	list := []*tab{b}
	for range 6 {
		list[len(list)-1].window(browser.WindowStateMinimized)
		other := b.another()
		other.open("/2fa/challenge")
		other.see(waiting)
		list = append(list, other)
	}
	m.wantStreams(1)
	answer(t, phone.Approve)
	list[6].see(verifiedIn)
	for _, other := range list[:6] {
		other.window(browser.WindowStateNormal)
		other.see(verifiedIn)
		other.wantPath("/account")
	}
	m.wantStreams(0)
}

// window minimizes the tab's window, or shows it again.
func (b *tab) window(state browser.WindowState) {
	b.t.Helper()
	w, err := chromedp.Call(b.ctx, browser.GetWindowForTarget, browser.GetWindowForTargetParams{})
	if err == nil {
		_, err = chromedp.Call(b.ctx, browser.SetWindowBounds, browser.SetWindowBoundsParams{WindowID: w.WindowID, Bounds: &browser.Bounds{WindowState: state}})
	}
	expect.NoError(b.t, err)
}
