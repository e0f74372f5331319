package browser_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/expect"
)

// A tab is a page in a browser, whose complaints fail the test.
type tab struct {
	t     *testing.T
	world *world
	ctx   context.Context

	mu         sync.Mutex
	complaints []string
}

// browser returns the first tab of a new browser.
func (w *world) browser(t *testing.T) *tab {
	t.Helper()
	return w.newTab(t, needChromium(t), chromedp.WithNewBrowserContext())
}

// another returns another tab of the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	return b.world.newTab(b.t, b.ctx)
}

func (w *world) newTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	b := &tab{t: t, world: w}
	ctx, cancel := chromedp.NewContext(parent, append(options, chromedp.WithListener(b.hear))...)
	b.ctx = ctx
	t.Cleanup(func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, complaint := range b.complaints {
			t.Errorf("the browser complains: %s", complaint)
		}
	})
	expect.NoError(t, chromedp.Do(ctx))
	return b
}

// hear notes what a developer would see in the browser's console: violations of
// the content security policy, exceptions, resources that don't load.
func (b *tab) hear(event any) {
	var complaint string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Source == "network" && isAnswer(e.Entry.Text) {
			return
		}
		if strings.HasPrefix(e.Entry.Text, "Autofocus processing was blocked") {
			return // the user was faster
		}
		complaint = fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
	case *runtime.EventExceptionThrown:
		complaint = e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		complaint = fmt.Sprintf("console.%s", e.Type)
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, complaint)
}

// isAnswer reports whether a complaint is of the status of a page that says what
// is wrong with what was typed.
func isAnswer(text string) bool {
	for _, status := range []string{"401", "403", "404", "409", "422", "429"} {
		if strings.Contains(text, "the server responded with a status of "+status) {
			return true
		}
	}
	return false
}

// do takes steps, and fails the test with what the page shows if one can't be
// taken.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail(err)
	}
}

// get takes a step that returns something.
func get[T any](b *tab, step chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, step)
	if err != nil {
		b.fail(err)
	}
	return v
}

func (b *tab) fail(err error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	b.t.Fatalf("%v\nThe page at %s:\n%s", err, at, text)
}

// open goes to a page of the application.
func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.world.url + path))
}

// see waits for an element.
func (b *tab) see(element string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(element)))
}

// click clicks an element as soon as it is there.
func (b *tab) click(element string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(element)))
}

// enter types a text into a field, in place of what is there.
func (b *tab) enter(field, text string) {
	b.t.Helper()
	b.do(
		chromedp.WaitVisible(chromedp.CSS(field)),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).value = "", undefined`, field)),
		chromedp.SendKeys(chromedp.CSS(field), text),
	)
}

// enterCode types a code, in a form that may have to be opened first.
func (b *tab) enterCode(code string) {
	b.t.Helper()
	b.do(
		chromedp.WaitReady(chromedp.CSS("#code")),
		chromedp.Evaluate[chromedp.Void](`document.querySelector("details:not([open]):has(#code) > summary")?.click(), undefined`),
	)
	b.enter("#code", code)
}

// text is what an element says.
func (b *tab) text(element string) string {
	b.t.Helper()
	return strings.TrimSpace(get(b, chromedp.Text(chromedp.CSS(element))))
}

// attribute is the value of an element's attribute, or "".
func (b *tab) attribute(element, name string) string {
	b.t.Helper()
	return get(b, chromedp.AttributeValue(chromedp.CSS(element), name)).Value
}

// wantPath fails the test unless the tab is at that page of the application.
func (b *tab) wantPath(want string) {
	b.t.Helper()
	at := get(b, chromedp.Location())
	if u, err := url.Parse(at); err != nil || u.Path != want {
		b.t.Errorf("got to %s, want %s", at, want)
	}
}

// wantText fails the test unless the page says that.
func (b *tab) wantText(want string) {
	b.t.Helper()
	expect.Contains(b.t, b.text("main"), want, "the page doesn't say %q, but", want)
}

// login fills the form in.
func (b *tab) login(email string) {
	b.t.Helper()
	b.open("/login")
	b.enter("#email", email)
	b.enter("#password", app.Password)
	b.click(`form[action="/login"] button`)
}

// Where the login leads.
const (
	lockedIn   = `#verification[data-verified="false"]`
	verifiedIn = `#verification[data-verified="true"]`
	waiting    = `main[data-state="pending"] #number`
	codeWay    = `details:has(#code) summary` // opens the form for codes
)

// stopped logs in and waits for the challenge.
func (b *tab) stopped(email string) {
	b.t.Helper()
	b.login(email)
	b.see(waiting)
}
