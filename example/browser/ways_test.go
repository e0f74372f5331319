package browser_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/internal/expect"
)

// wantTitle waits until the window has that title.
func (b *tab) wantTitle(want string) {
	b.t.Helper()
	b.do(chromedp.PollFunction[chromedp.Void](`(want) => document.title === want`, chromedp.WithPollingArgs(want)))
}

// One way is open at a time; the code's has the focus at once, and keeps what was typed
// when it is closed. The window's title begins with the number while it can be tapped.
func TestOneWayAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	b.wantTitle(b.text("#number") + " · Approve sign in request – Acme")
	b.push(opener, nothingComes)
	b.see("#trouble[open]")
	b.push(opener, useCode)
	b.see("details[open] #code:focus")
	b.see("#number")
	b.do(chromedp.WaitNotVisible(chromedp.CSS("#trouble"))) // its place is the field's
	b.press("12")
	b.push(opener, useCode)
	b.see("details:has(#code):not([open])")
	b.see("#trouble:not([open])")
	b.push(opener, useCode)
	expect.Equal(t, b.value(codeField), "12", "the field")
	answer(t, phone.Deny)
	b.wantNotice("The request wasn’t approved")
	b.wantTitle("The request wasn’t approved – Acme")
	expect.Equal(t, b.text("h1"), "The request wasn’t approved", "the page is headed")
}

// While a request is pending, another one can be sent once it had the time to come, until
// too many were.
func TestSendAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	for n := 1; n < 3; n++ {
		b.push(opener, nothingComes)
		b.see("#again:disabled")
		w.Clock.Add(30 * time.Second)
		b.open("/2fa/challenge")
		b.push(opener, nothingComes)
		b.see("#again:enabled")
		b.push(button, sendAgain)
		b.see("#trouble:not([open])")
		b.see(waiting)
		expect.Equal(t, len(w.Emulator.Requests()), n+1, "times the phone was asked")
	}
	b.push(opener, nothingComes)
	b.see("#trouble .hint")
	expect.Contains(t, b.text("#trouble"), "The next one can be sent in 14 minutes", "after three requests, the help says")
	answer(t, phone.Approve)
	b.see(verifiedIn)
}
