package browser_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
)

// A marionette is a connection to Firefox by Marionette, the protocol beneath geckodriver:
// each message is its length, a colon, and JSON.
type marionette struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	id   int
}

// firefox starts a Firefox of its own, or skips the test where there is none, unless the
// environment requires it.
func (w *world) firefox(t *testing.T) *engine {
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
user_pref("ui.prefersReducedMotion", 1);
`
	expect.NoError(t, os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs), 0o600))
	program := exec.Command(path, "--headless", "--no-remote", "--marionette", "--profile", profile)
	program.Env = append(os.Environ(), "HOME="+profile, "MOZ_CRASHREPORTER_DISABLE=1")
	expect.NoError(t, program.Start())
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = program.Wait() // however it ends
	}()
	f := &marionette{t: t}
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
	if _, err := f.call("WebDriver:NewSession", nil); err != nil {
		t.Fatal(err)
	}
	return &engine{t: t, world: w, call: f.call}
}

// connect waits for the port that the browser listens at.
func (f *marionette) connect(file string, exited <-chan struct{}) {
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

func (f *marionette) read() ([]byte, error) {
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

// call has a command carried out.
func (f *marionette) call(name string, params map[string]any) (json.RawMessage, error) {
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
	var wrapped struct{ Value json.RawMessage }
	if json.Unmarshal(result, &wrapped) == nil && wrapped.Value != nil {
		return wrapped.Value, nil
	}
	return result, nil
}
