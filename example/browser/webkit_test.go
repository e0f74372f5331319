package browser_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
)

// A webDriver is a connection to a browser by WebDriver over HTTP.
type webDriver struct {
	client  http.Client
	url     string
	session string
}

// webkit starts a small browser of WebKitGTK's, on a screen that nobody sees; or skips the
// test where there is none, which no environment requires.
func (w *world) webkit(t *testing.T) *engine {
	t.Helper()
	driver, missing := exec.LookPath("WebKitWebDriver")
	screen, noScreen := exec.LookPath("Xvfb")
	browsers, _ := filepath.Glob("/usr/lib/*/webkit2gtk-4.*/MiniBrowser")
	if missing != nil || noScreen != nil || len(browsers) == 0 {
		t.Skip("needs WebKitGTK and Xvfb; on Debian: apt-get install webkit2gtk-driver xvfb")
	}
	r, display, err := os.Pipe()
	expect.NoError(t, err)
	defer r.Close()
	server := exec.Command(screen, "-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{display}
	start(t, server)
	display.Close()
	number := expect.Try(bufio.NewReader(r).ReadString('\n')).OrFail(t)

	l := expect.Try(net.Listen("tcp", "127.0.0.1:0")).OrFail(t) // finds a port that is free
	address := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(address)
	program := exec.Command(driver, "--port="+port)
	program.Env = append(os.Environ(), "DISPLAY=:"+strings.TrimSpace(number), "HOME="+t.TempDir(),
		"LIBGL_ALWAYS_SOFTWARE=1", "WEBKIT_DISABLE_DMABUF_RENDERER=1")
	start(t, program)

	d := &webDriver{http.Client{Timeout: 3 * patience}, "http://" + address + "/session", ""}
	t.Cleanup(func() { _, _ = d.send(http.MethodDelete, "", nil) })
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for end := time.Now().Add(patience); d.session == ""; <-retry.C {
		var begun struct{ SessionID string }
		answer, err := d.send(http.MethodPost, "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
			"webkitgtk:browserOptions": map[string]any{"binary": browsers[0], "args": []string{"--automation"}},
		}}})
		if err == nil {
			err = json.Unmarshal(answer, &begun)
		}
		if err == nil {
			d.session = "/" + begun.SessionID
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	return &engine{t: t, world: w, call: d.call}
}

// start starts a program that ends with the test.
func start(t *testing.T, program *exec.Cmd) {
	t.Helper()
	expect.NoError(t, program.Start())
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait() // it was killed
	})
}

// commands are the methods and paths of those that are used.
var commands = map[string][2]string{
	"WebDriver:Navigate":           {http.MethodPost, "/url"},
	"WebDriver:GetCurrentURL":      {http.MethodGet, "/url"},
	"WebDriver:ExecuteScript":      {http.MethodPost, "/execute/sync"},
	"WebDriver:FindElements":       {http.MethodPost, "/elements"},
	"WebDriver:ElementClick":       {http.MethodPost, "/element/{id}/click"},
	"WebDriver:ElementSendKeys":    {http.MethodPost, "/element/{id}/value"},
	"WebDriver:GetElementText":     {http.MethodGet, "/element/{id}/text"},
	"WebDriver:GetComputedLabel":   {http.MethodGet, "/element/{id}/computedlabel"},
	"WebDriver:GetComputedRole":    {http.MethodGet, "/element/{id}/computedrole"},
	"WebDriver:IsElementDisplayed": {http.MethodGet, "/element/{id}/displayed"},
}

func (d *webDriver) call(name string, params map[string]any) (json.RawMessage, error) {
	command := commands[name]
	id, _ := params["id"].(string)
	return d.send(command[0], strings.ReplaceAll(command[1], "{id}", id), params)
}

func (d *webDriver) send(method, path string, params map[string]any) (json.RawMessage, error) {
	var body bytes.Buffer
	if method == http.MethodPost {
		if err := json.NewEncoder(&body).Encode(params); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequest(method, d.url+d.session+path, &body)
	if err != nil {
		return nil, err
	}
	res, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK {
		return answer.Value, nil
	}
	failed := new(fault)
	if err := json.Unmarshal(answer.Value, failed); err != nil {
		return nil, err
	}
	return nil, failed
}
