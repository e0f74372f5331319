package example_test

import (
	"bufio"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/eagate/eagate/example/internal/program"
	"github.com/eagate/eagate/internal/expect"
)

// The demo as a process, from the login to the logout and the end.
func TestDemo(t *testing.T) {
	t.Parallel()
	p := start(t, program.Build(t, "demo"), "ADDR=127.0.0.1:0", "EMULATOR_ADDR=127.0.0.1:0")
	app, phone := p.said["open"], newVisitor(t, strings.TrimSuffix(p.said["phone"], "/phone"), http.DefaultTransport)
	if want := app + "/2fa/callback/"; !strings.HasPrefix(p.said["callback:"], want) {
		t.Errorf("callback: got %q, it to begin with %q", p.said["callback:"], want)
	}

	addr := strings.TrimPrefix(app, "http://")
	if _, said := fault(t, program.Build(t, "demo"), "ADDR="+addr); !strings.Contains(said, "ADDR=localhost:9080 make demo") {
		t.Errorf("an address in use: got no other in %q", said)
	}

	v := newVisitor(t, app, http.DefaultTransport)
	v.wantPage(v.get("/healthz"), 200, "ok")
	v.wantPage(v.get("/"), 200, phone.url+"/phone")
	v.wantRedirect(v.get("/account?tab=2"), "/login")
	v.wantPage(v.get("/login"), 200, "Password")
	v.wantPage(v.post("/login", "text/html", "email", "alice@example.com", "password", "wrong"), 401, "Please try again")
	v.login("/account?tab=2")
	v.wantPage(v.get("/account"), 200, `data-verified="false"`)
	uri := v.post("/2fa/enable", "application/json").json("uri")
	phone.wantRedirect(phone.post("/phone/add", "text/html", "uri", uri), "/phone?said=added")
	code := find(t, `data-code="(\d{6})"`, phone.get("/phone").body)
	v.wantRedirect(v.post("/2fa/enable/confirm", "text/html", "code", code), "/2fa/recovery-codes")
	if want := "to alice@example.com: Sign-in approval was switched on – Acme"; !p.read("e-mail") || p.said["e-mail"] != want {
		t.Errorf("e-mail: got %q, want %q", p.said["e-mail"], want)
	}
	v.wantPage(v.get("/account"), 200, `data-verified="true"`)
	v.wantRedirect(v.post("/logout", "text/html"), "/")
	v.wantRedirect(v.get("/account"), "/login")

	v.login("/account")
	v.wantRedirect(v.get("/account"), "/2fa/challenge")
	v.wantPage(v.get("/2fa/challenge"), 200, "Number to tap") // which asks the phone
	v.wantPage(v.get("/"), 200, "Everybody")
	number := v.send("/2fa/challenge/status", "application/json", nil).json("number")
	waiting := v.events()
	phone.wantRedirect(phone.post("/phone/answer", "text/html",
		"request", find(t, `data-request="([^"]+)"`, phone.get("/phone").body), "number", number,
	), "/phone?said=approved")
	waiting.until("approved")
	v.wantRedirect(v.get("/2fa/challenge"), "/account")
	v.wantPage(v.get("/account"), 200, `data-verified="true"`)

	other := newVisitor(t, app, http.DefaultTransport)
	other.login("/account")
	other.wantRedirect(other.get("/account"), "/2fa/challenge")
	other.wantPage(other.get("/2fa/challenge"), 200, "Number to tap") // which asks the phone
	other.events().until("pending")
	expect.NoError(t, p.stop(), "stopped while a page waits")
}

// The demo goes on where it was stopped: with its accounts, its sessions, its key
// and its phones.
func TestDemoRestarted(t *testing.T) {
	t.Parallel()
	path := program.Build(t, "demo")
	// The second run takes the ports of the first.
	env := []string{"DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "kept.db"), "ADDR=127.0.0.1:0", "EMULATOR_ADDR=127.0.0.1:0"}
	first := start(t, path, env...)
	app, phone := first.said["open"], newVisitor(t, strings.TrimSuffix(first.said["phone"], "/phone"), http.DefaultTransport)
	v := newVisitor(t, app, http.DefaultTransport)
	v.login("/account")
	uri := v.post("/2fa/enable", "application/json").json("uri")
	phone.wantRedirect(phone.post("/phone/add", "text/html", "uri", uri), "/phone?said=added")
	code := find(t, `data-code="(\d{6})"`, phone.get("/phone").body)
	v.wantRedirect(v.post("/2fa/enable/confirm", "text/html", "code", code), "/2fa/recovery-codes")
	expect.NoError(t, first.stop())

	env[1], env[2] = "ADDR="+strings.TrimPrefix(app, "http://"), "EMULATOR_ADDR="+strings.TrimPrefix(phone.url, "http://")
	second := start(t, path, env...)
	expect.Equal(t, second.said["callback:"], first.said["callback:"], "callback")
	v.wantPage(v.get("/account"), 200, `data-verified="true"`)
	other := newVisitor(t, app, http.DefaultTransport)
	other.login("/account")
	other.wantRedirect(other.get("/account"), "/2fa/challenge")
	other.wantPage(other.get("/2fa/challenge"), 200, "Number to tap") // which asks the phone
	number := other.send("/2fa/challenge/status", "application/json", nil).json("number")
	waiting := other.events()
	phone.wantRedirect(phone.post("/phone/answer", "text/html",
		"request", find(t, `data-request="([^"]+)"`, phone.get("/phone").body), "number", number,
	), "/phone?said=approved")
	waiting.until("approved")
	other.wantRedirect(other.get("/2fa/challenge"), "/account")
	other.wantPage(other.get("/account"), 200, `data-verified="true"`)
}

// A request of the other site is none of the demo's.
func TestDemoCrossSite(t *testing.T) {
	t.Parallel()
	p := start(t, program.Build(t, "demo"), "ADDR=127.0.0.1:0", "EMULATOR_ADDR=127.0.0.1:0")
	req, err := http.NewRequest(http.MethodPost, p.said["open"]+"/login", strings.NewReader("email=alice%40example.com"))
	expect.NoError(t, err)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res := expect.Try(http.DefaultClient.Do(req)).OrFail(t)
	defer res.Body.Close()
	expect.Equal(t, res.StatusCode, http.StatusForbidden)
}

// All that is wrong is said at once.
func TestDemoConfig(t *testing.T) {
	t.Parallel()
	path := program.Build(t, "demo")
	status, said := fault(t, path,
		"ADDR=nowhere", "ORIGIN=localhost:8080", "EMULATOR_ADDR=nowhere", "EAUTH_WEBVIEW_URL=https://webview.example.com",
		"EAGATE_KEY=secret", "CHALLENGE_MODE=window", "DATABASE_URL=oracle://secret", "REDIS_URL=secret",
	)
	expect.Equal(t, status, 1, "exit status")
	for _, want := range []string{
		"ADDR:", "ORIGIN:", "EMULATOR_ADDR:", "EAUTH_WEBVIEW_URL", "EAGATE_KEY", `CHALLENGE_MODE "window"`,
		"DATABASE_URL:", "REDIS_URL:",
	} {
		expect.Contains(t, said, want, "%s isn't named in", want)
	}
	expect.Lacks(t, said, "secret", "a secret is shown")
	_, said = fault(t, path, "EAUTH_API_URL=http://authen.example.com")
	for _, want := range []string{"client ID", "API key", "must be https"} {
		expect.Contains(t, said, want, "%q isn't said in", want)
	}
}

// events is the stream that a waiting page listens to.
func (v *visitor) events() *stream {
	v.t.Helper()
	res := v.begin("/2fa/challenge/events", "text/event-stream", nil)
	v.t.Cleanup(func() { res.Body.Close() })
	return &stream{v.t, bufio.NewScanner(res.Body)}
}

type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

// until reads until an event says that state.
func (s *stream) until(state string) {
	s.t.Helper()
	for s.lines.Scan() {
		if strings.Contains(s.lines.Text(), `"state":"`+state+`"`) {
			return
		}
	}
	expect.NoError(s.t, s.lines.Err())
	s.t.Fatalf("the stream ended before it said %q", state)
}

// find returns what the first group of the pattern matches.
func find(t *testing.T, pattern, text string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("nothing matches %s in:\n%s", pattern, text)
	}
	return m[1]
}
