package browser_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/testenv"
)

// A fox is a Firefox of its own, driven by Marionette, the protocol beneath geckodriver:
// each message is its length, a colon, and JSON.
type fox struct {
	t     *testing.T
	world *world
	conn  net.Conn
	r     *bufio.Reader
	id    int
}

// firefox starts one, or skips the test where there is none, unless the environment
// requires it.
func (w *world) firefox(t *testing.T) *fox {
	t.Helper()
	path, err := exec.LookPath("firefox-esr")
	if err != nil {
		if path, err = exec.LookPath("firefox"); err != nil {
			testenv.Missing(t, "firefox", "needs Firefox in the path; on Debian: apt-get install firefox-esr")
		}
	}
	profile := t.TempDir()
	prefs := `user_pref("marionette.port", 0);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("remote.prefs.recommended", true);
user_pref("intl.accept_languages", "en");
`
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs), 0o600); err != nil {
		t.Fatal(err)
	}
	program := exec.Command(path, "--headless", "--no-remote", "--marionette", "--profile", profile)
	program.Env = append(os.Environ(), "HOME="+profile, "MOZ_CRASHREPORTER_DISABLE=1")
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = program.Wait() // however it ends
	}()
	f := &fox{t: t, world: w}
	t.Cleanup(func() {
		if f.conn != nil {
			_, _ = f.call("Marionette:Quit", map[string]any{"flags": []string{"eForceQuit"}})
			f.conn.Close()
		}
		select {
		case <-exited:
		case <-time.After(patience):
			_ = program.Process.Kill()
			<-exited
		}
	})
	f.connect(filepath.Join(profile, "MarionetteActivePort"), exited)
	f.must("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"unhandledPromptBehavior": "accept",
	}}})
	return f
}

// connect waits for the port that the browser listens at.
func (f *fox) connect(file string, exited <-chan struct{}) {
	f.t.Helper()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for end := time.After(3 * patience); f.conn == nil; {
		select {
		case <-exited:
			f.t.Fatal("Firefox has ended")
		case <-end:
			f.t.Fatal("Firefox doesn't start")
		case <-retry.C:
		}
		if port, err := os.ReadFile(file); err == nil && len(port) > 0 {
			f.conn, _ = net.Dial("tcp", net.JoinHostPort("127.0.0.1", string(port)))
		}
	}
	f.r = bufio.NewReader(f.conn)
	if _, err := f.read(); err != nil { // what it says of itself
		f.t.Fatal(err)
	}
}

func (f *fox) read() ([]byte, error) {
	head, err := f.r.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(head, ":"))
	if err != nil {
		return nil, err
	}
	message := make([]byte, n)
	_, err = io.ReadFull(f.r, message)
	return message, err
}

// A fault is what the browser says of a command that it can't carry out.
type fault struct {
	Kind    string `json:"error"`
	Message string `json:"message"`
}

func (e *fault) Error() string { return e.Kind + ": " + e.Message }

// call has a command carried out.
func (f *fox) call(name string, params any) (json.RawMessage, error) {
	f.id++
	command, err := json.Marshal([]any{0, f.id, name, params})
	if err != nil {
		return nil, err
	}
	if err := f.conn.SetDeadline(time.Now().Add(3 * patience)); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(f.conn, "%d:%s", len(command), command); err != nil {
		return nil, err
	}
	message, err := f.read()
	if err != nil {
		return nil, err
	}
	var (
		failed *fault
		result json.RawMessage
	)
	if err := json.Unmarshal(message, &[]any{new(int), new(int), &failed, &result}); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
	}
	return result, nil
}

// must is call, and fails the test by a fault.
func (f *fox) must(name string, params any) json.RawMessage {
	f.t.Helper()
	result, err := f.call(name, params)
	if err != nil {
		f.fail(err)
	}
	return result
}

func (f *fox) fail(err error) {
	f.t.Helper()
	text, _ := f.call("WebDriver:ExecuteScript", map[string]any{"script": "return location.href + '\\n' + document.body.innerText", "args": []any{}})
	f.t.Fatalf("%v\nThe page: %s", err, text)
}

// value decodes the result of most commands.
func value[T any](result json.RawMessage, err error) (T, error) {
	var v struct{ Value T }
	if err != nil {
		return v.Value, err
	}
	return v.Value, json.Unmarshal(result, &v)
}

// until repeats a step until it is done, as long as a page may take: elements come, and go
// with their pages.
func (f *fox) until(what string, done func() (bool, error)) {
	f.t.Helper()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for end := time.Now().Add(patience); ; <-retry.C {
		ok, err := done()
		if ok {
			return
		}
		var failed *fault
		if err != nil && !errors.As(err, &failed) {
			f.t.Fatal(err)
		}
		if time.Now().After(end) {
			f.fail(fmt.Errorf("%s: %w", what, errors.Join(err, os.ErrDeadlineExceeded)))
		}
	}
}

// elements are those that a CSS selector finds.
func (f *fox) elements(css string) ([]string, error) {
	result, err := f.call("WebDriver:FindElements", map[string]any{"using": "css selector", "value": css})
	if err != nil {
		return nil, err
	}
	var found []map[string]string
	if err := json.Unmarshal(result, &found); err != nil {
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
func of[T any](f *fox, command, element string) (T, error) {
	return value[T](f.call(command, map[string]any{"id": element}))
}

// tags are the elements that can have a role.
var tags = map[string]string{button: "button", field: "input", link: "a", checkbox: "input", "summary": "summary"}

// byRole finds an element that is shown, by role and accessible name.
func (f *fox) byRole(role, name string) (string, error) {
	ids, err := f.elements(tags[role])
	if err != nil {
		return "", err
	}
	for _, id := range ids {
		label, err := of[string](f, "WebDriver:GetComputedLabel", id)
		if err != nil {
			return "", err
		}
		if label != name {
			continue
		}
		is, err := of[string](f, "WebDriver:GetComputedRole", id)
		if err != nil {
			return "", err
		}
		shown, err := of[bool](f, "WebDriver:IsElementDisplayed", id)
		if err != nil {
			return "", err
		}
		if (is == role || is == "") && shown { // a field for passwords has none, nor has a summary
			return id, nil
		}
	}
	return "", &fault{"no such element", role + " " + name}
}

// push clicks an element as soon as it is there.
func (f *fox) push(role, name string) {
	f.t.Helper()
	f.until(role+" "+name, func() (bool, error) {
		id, err := f.byRole(role, name)
		if err == nil {
			_, err = f.call("WebDriver:ElementClick", map[string]any{"id": id})
		}
		return err == nil, err
	})
}

// fill types a text into the field of that name.
func (f *fox) fill(name, text string) {
	f.t.Helper()
	f.until(name, func() (bool, error) {
		id, err := f.byRole(field, name)
		if err == nil {
			_, err = f.call("WebDriver:ElementSendKeys", map[string]any{"id": id, "text": text})
		}
		return err == nil, err
	})
}

// open goes to a page of the application.
func (f *fox) open(path string) {
	f.t.Helper()
	f.must("WebDriver:Navigate", map[string]any{"url": f.world.url + path})
}

// see waits for an element.
func (f *fox) see(css string) {
	f.t.Helper()
	f.until(css, func() (bool, error) {
		ids, err := f.elements(css)
		if err != nil || len(ids) == 0 {
			return false, err
		}
		return of[bool](f, "WebDriver:IsElementDisplayed", ids[0])
	})
}

// texts are what the elements say that a CSS selector finds.
func (f *fox) texts(css string) []string {
	f.t.Helper()
	var all []string
	f.until(css, func() (bool, error) {
		ids, err := f.elements(css)
		if err != nil {
			return false, err
		}
		all = nil
		for _, id := range ids {
			text, err := of[string](f, "WebDriver:GetElementText", id)
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
func (f *fox) wantPath(want string) {
	f.t.Helper()
	f.until("at "+want, func() (bool, error) {
		at, err := value[string](f.call("WebDriver:GetCurrentURL", struct{}{}))
		if err != nil {
			return false, err
		}
		u, err := url.Parse(at)
		return err == nil && u.Path == want, err
	})
}

// wantStatus waits until a status message says that.
func (f *fox) wantStatus(want string) {
	f.t.Helper()
	f.until(want, func() (bool, error) {
		said := f.texts(`[role="status"]`)
		return slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, want) }), nil
	})
}
