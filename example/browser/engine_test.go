package browser_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// An engine is a browser other than Chromium that carries out the commands of WebDriver,
// by whichever protocol.
type engine struct {
	t     *testing.T
	world *world

	// call has a command carried out that is named as Marionette does, and returns the
	// value that comes of it, or a *fault.
	call func(name string, params map[string]any) (json.RawMessage, error)
}

// A fault is what the browser says of a command that it can't carry out.
type fault struct {
	Kind    string `json:"error"`
	Message string `json:"message"`
}

func (f *fault) Error() string { return f.Kind + ": " + f.Message }

// must is call, and fails the test by a fault.
func (e *engine) must(name string, params map[string]any) json.RawMessage {
	e.t.Helper()
	result, err := e.call(name, params)
	if err != nil {
		e.fail(err)
	}
	return result
}

func (e *engine) fail(err error) {
	e.t.Helper()
	text, _ := e.call("WebDriver:ExecuteScript", map[string]any{"script": "return location.href + '\\n' + document.body.innerText", "args": []any{}})
	e.t.Fatalf("%v\nThe page: %s", err, text)
}

// value decodes what a command returns.
func value[T any](result json.RawMessage, err error) (v T, _ error) {
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(result, &v)
}

// until repeats a step until it is done, as long as a page may take: elements come, and go
// with their pages.
func (e *engine) until(what string, done func() (bool, error)) {
	e.t.Helper()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for end := time.Now().Add(patience); ; <-retry.C {
		ok, err := done()
		if ok {
			return
		}
		var failed *fault
		if err != nil && !errors.As(err, &failed) {
			e.t.Fatal(err)
		}
		if time.Now().After(end) {
			e.fail(fmt.Errorf("%s: %w", what, errors.Join(err, os.ErrDeadlineExceeded)))
		}
	}
}

// elements are those that a CSS selector finds.
func (e *engine) elements(css string) ([]string, error) {
	found, err := value[[]map[string]string](e.call("WebDriver:FindElements", map[string]any{"using": "css selector", "value": css}))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, reference := range found {
		for _, id := range reference {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// of asks about an element.
func of[T any](e *engine, command, element string) (T, error) {
	return value[T](e.call(command, map[string]any{"id": element}))
}

// tags are the elements that can have a role.
var tags = map[string]string{button: "button", field: "input", link: "a", checkbox: "input", "summary": "summary"}

// byRole finds an element that is shown, by role and accessible name.
func (e *engine) byRole(role, name string) (string, error) {
	ids, err := e.elements(tags[role])
	if err != nil {
		return "", err
	}
	for _, id := range ids {
		shown, err := of[bool](e, "WebDriver:IsElementDisplayed", id)
		if err != nil {
			return "", err
		}
		if !shown { // WebKit has no label of it
			continue
		}
		label, err := of[string](e, "WebDriver:GetComputedLabel", id)
		if err != nil {
			return "", err
		}
		if label != name {
			continue
		}
		is, err := of[string](e, "WebDriver:GetComputedRole", id)
		if err != nil {
			return "", err
		}
		if is == role || is == "" { // a field for passwords has none, nor has a summary
			return id, nil
		}
	}
	return "", &fault{"no such element", role + " " + name}
}

// push clicks an element as soon as it is there.
func (e *engine) push(role, name string) {
	e.t.Helper()
	e.until(role+" "+name, func() (bool, error) {
		id, err := e.byRole(role, name)
		if err == nil {
			_, err = e.call("WebDriver:ElementClick", map[string]any{"id": id})
		}
		return err == nil, err
	})
}

// fill types a text into the field of that name.
func (e *engine) fill(name, text string) {
	e.t.Helper()
	e.until(name, func() (bool, error) {
		id, err := e.byRole(field, name)
		if err == nil {
			_, err = e.call("WebDriver:ElementSendKeys", map[string]any{"id": id, "text": text})
		}
		return err == nil, err
	})
}

// open goes to a page of the application.
func (e *engine) open(path string) {
	e.t.Helper()
	e.must("WebDriver:Navigate", map[string]any{"url": e.world.url + path})
}

// see waits for an element.
func (e *engine) see(css string) {
	e.t.Helper()
	e.until(css, func() (bool, error) {
		ids, err := e.elements(css)
		if err != nil || len(ids) == 0 {
			return false, err
		}
		return of[bool](e, "WebDriver:IsElementDisplayed", ids[0])
	})
}

// texts are what the elements say that a CSS selector finds.
func (e *engine) texts(css string) []string {
	e.t.Helper()
	var all []string
	e.until(css, func() (bool, error) {
		ids, err := e.elements(css)
		if err != nil {
			return false, err
		}
		all = nil
		for _, id := range ids {
			text, err := of[string](e, "WebDriver:GetElementText", id)
			if err != nil {
				return false, err
			}
			all = append(all, text)
		}
		return len(all) > 0, nil
	})
	return all
}

// wantPath waits until the browser is at that page of the application.
func (e *engine) wantPath(want string) {
	e.t.Helper()
	e.until("at "+want, func() (bool, error) {
		at, err := value[string](e.call("WebDriver:GetCurrentURL", nil))
		if err != nil {
			return false, err
		}
		u, err := url.Parse(at)
		return err == nil && u.Path == want, err
	})
}

// wantStatus waits until a status message says that.
func (e *engine) wantStatus(want string) {
	e.t.Helper()
	e.until(want, func() (bool, error) {
		said := e.texts(`[role="status"]`)
		return slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, want) }), nil
	})
}

// tabTo goes on by the Tab key until the element has the focus.
func (b *tab) tabTo(element string) {
	b.t.Helper()
	for range 20 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if b.focused(element) {
			return
		}
	}
	b.t.Fatalf("the Tab key doesn't get to %s", element)
}

func (b *tab) focused(element string) bool {
	b.t.Helper()
	return get(b, chromedp.Evaluate[bool]("document.activeElement.matches(`"+element+"`)"))
}

// press presses keys, one after the other.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}
