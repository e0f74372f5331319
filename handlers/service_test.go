package handlers_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

// quick is a client that doesn't wait long for a service that keeps silent.
func quick(opts ...client.Option) apptest.Setup {
	return apptest.Setup{Client: append([]client.Option{client.WithTimeout(250 * time.Millisecond)}, opts...)}
}

// wantCodeOnly fails the test unless the session was led to type a code, and
// gets in by one.
func wantCodeOnly(t *testing.T, name string, b *apptest.Browser, phone *emulator.Phone) {
	t.Helper()
	if a := b.Get("/2fa/challenge"); a.Status != http.StatusOK || !strings.Contains(a.Body, `action="/2fa/challenge/totp"`) ||
		strings.Contains(a.Body, `data-state="pending"`) {
		t.Errorf("%s: challenge page: got %d, want one to type a code into\n%s", name, a.Status, a.Body)
	}
	if a := b.GetJSON("/2fa/challenge/status"); a.JSON("state") != "none" || a.JSON("number") != nil {
		t.Errorf("%s: got status %s, want none", name, a.Body)
	}
	if got := b.App.Account(t, alice).Push; got.Live != "" || got.Reserved != "" {
		t.Errorf("%s: got challenge %q, reserved %q, want none", name, got.Live, got.Reserved)
	}
	b.WantLocked(name)
	wantGuess(t, name, b, totp, apptest.Code(t, phone), "accepted")
	b.WantIn(name + ", by a code")
}

func TestA34_BrokenService(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Add(1)
		fmt.Fprint(w, `{"code":"SUCCESS","message":"","data":{"session_token":"t","secret_number":"70"}}`)
	}))
	t.Cleanup(other.Close)
	faults := map[string]emulator.Fault{
		"500":                 emulator.StatusFault(500),
		"403":                 emulator.StatusFault(403),
		"204":                 emulator.StatusFault(204),
		"404":                 emulator.StatusFault(404),
		"HTML":                emulator.HTMLFault(),
		"truncated":           emulator.TruncatedFault(),
		"content type":        emulator.ContentTypeFault(),
		"10 MB":               emulator.HugeFault(),
		"gzip bomb":           emulator.GzipBombFault(),
		"drip":                emulator.DripFault(20 * time.Millisecond),
		"silent":              emulator.SilentFault(),
		"silent, late":        emulator.SilentFault().Late(),
		"reset":               emulator.ResetFault(),
		"reset, late":         emulator.ResetFault().Late(),
		"redirect":            emulator.RedirectFault(other.URL + "/session-token"),
		"redirect, same path": emulator.RedirectFault("//" + strings.TrimPrefix(other.URL, "http://") + "/x"),
		"INVALID_REQUEST":     emulator.EnvelopeFault(200, "INVALID_REQUEST", "no"),
		"INACTIVE":            emulator.EnvelopeFault(403, "INACTIVE", "no"),
		"lower-case success":  emulator.EnvelopeFault(200, "success", ""),
		"SUCCESS with 500":    emulator.EnvelopeFault(500, "SUCCESS", ""),
		"no data":             emulator.EnvelopeFault(200, "SUCCESS", ""),
		"null":                emulator.DataFault(`null`),
		"null fields":         emulator.DataFault(`{"session_token":null,"secret_number":null}`),
		"empty fields":        emulator.DataFault(`{"session_token":"","secret_number":""}`),
		"other types":         emulator.DataFault(`{"session_token":1,"secret_number":[70]}`),
		"hostile":             emulator.DataFault(`{"session_token":"a\r\nX: y","secret_number":"<script>"}`),
		"list":                emulator.DataFault(`["t","70"]`),
	}
	for name, fault := range faults {
		for _, op := range []emulator.Op{emulator.CreateSession, emulator.SecretNumber} {
			t.Run(fmt.Sprintf("%s to %s", name, op), func(t *testing.T) {
				t.Parallel()
				app := apptest.New(t, quick())
				phone := app.Enrolled(t, alice)
				app.Emulator.Misbehave(op, fault, 0)
				b := app.Browser(t).Login(alice)
				b.Get("/account").WantTo(t, "/2fa/challenge", "first page")
				for _, r := range app.Emulator.Requests() { // that the phone did get, perhaps
					expect.Try(app.Emulator.Report(t.Context(), r.Token, true)).OrFail(t)
				}
				wantCodeOnly(t, name, b, phone)
			})
		}
	}
	t.Cleanup(func() {
		expect.Equal(t, elsewhere.Load(), 0, "calls to where a redirect led")
	})
}

// A held transport keeps the calls that create a session until it is let go.
type held struct {
	came chan struct{}
	free chan struct{}
}

func hold() *held { return &held{make(chan struct{}, 1000), make(chan struct{})} }

func (h *held) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/session-token") {
		return http.DefaultTransport.RoundTrip(r)
	}
	h.came <- struct{}{}
	select {
	case <-h.free:
	case <-r.Context().Done():
	}
	return nil, io.ErrUnexpectedEOF
}

// While the service keeps silent, nothing else waits for it.
func TestA35_SilentService(t *testing.T) {
	h := hold()
	app := apptest.New(t, apptest.Setup{Client: []client.Option{
		client.WithHTTPClient(&http.Client{Transport: h}), client.WithTimeout(time.Minute), client.WithAttempts(1),
	}})
	phone := app.Enrolled(t, alice)
	theirs := app.Enrolled(t, bob)
	browsers := make([]*apptest.Browser, 30)
	for i := range browsers {
		browsers[i] = app.Browser(t).Login(alice)
		browsers[i].Get("/account")
	}
	app.Browser(t).Login(bob).GetJSON("/account")
	before := runtime.NumGoroutine()
	var waiting sync.WaitGroup
	answered := make(chan struct{}, len(browsers))
	for _, b := range browsers {
		waiting.Go(func() {
			defer func() { answered <- struct{}{} }()
			b.Get("/2fa/challenge").Want(t, 200, "a login that waited, want the challenge's page")
		})
	}
	for range 3 {
		<-h.came
	}
	for range len(browsers) - 3 { // which the phone's budget stops
		<-answered
	}

	// Another user, another session of the same user, and a changed factor.
	b := app.Browser(t).Login(bob)
	wantGuess(t, "another user meanwhile", b, totp, apptest.Code(t, theirs), "accepted")
	b.WantIn("another user meanwhile")
	mine := app.Browser(t).Login(alice)
	wantGuess(t, "the same user meanwhile", mine, totp, apptest.Code(t, phone), "accepted")
	mine.WantIn("the same user meanwhile")
	wantGuess(t, "switching off meanwhile", mine, "/2fa/disable", "", "accepted")
	mine.Enrol(alice)
	if n := runtime.NumGoroutine() - before; n > 10*len(browsers) {
		t.Errorf("got %d goroutines for %d waiting logins", n, len(browsers))
	}
	close(h.free)
	waiting.Wait()
	expect.Equal(t, len(h.came), 0, "calls of one user at once")
	for _, b := range browsers {
		b.WantLocked("after the wait")
	}
}

// A call ends with its time, and the circuit opens.
func TestA35_TimeLimit(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Client: []client.Option{
		client.WithTimeout(100 * time.Millisecond), client.WithCircuit(2, time.Hour),
	}})
	phone := app.Enrolled(t, alice)
	app.Emulator.Misbehave(emulator.AnyOp, emulator.SilentFault(), 0)
	for range 6 {
		begun := time.Now()
		b := app.Stopped(t, alice)
		if d := time.Since(begun); d > 3*time.Second {
			t.Errorf("got an answer after %v, it within the time limit of 100ms, or a little more", d)
		}
		wantCodeOnly(t, "silent", b, phone)
		app.Clock.Add(apptest.Step)
	}
	expect.Equal(t, len(app.Emulator.Calls(emulator.CreateSession)), 2, "calls of 6 logins (2 and then none)")
}

// With the service down, only a code gets in, and nothing without one.
func TestA36_ServiceDown(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(app *apptest.App){
		"switched off":  func(app *apptest.App) { app.Emulator.SetActive(false) },
		"no push":       func(app *apptest.App) { app.Emulator.SetPush(alice, false) },
		"broken":        func(app *apptest.App) { app.Emulator.Misbehave(emulator.AnyOp, emulator.StatusFault(503), 0) },
		"not listening": func(app *apptest.App) { app.Emulator.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, quick())
			phone := app.Enrolled(t, alice)
			down(app)
			wantCodeOnly(t, name, app.Stopped(t, alice), phone)
			app.Clock.Add(apptest.Step)

			// The code is the only way in: without a good secret, there is none.
			code := apptest.Code(t, phone)
			app.ChangeAccount(t, alice, func(a *records.Account) { a.Factor.Secret = nil })
			b := app.Stopped(t, alice)
			wantGuess(t, name+", no secret", b, totp, code, "unavailable")
			if a := b.PostJSON("/2fa/challenge", ""); a.Status == http.StatusOK || a.Status == http.StatusCreated {
				t.Errorf("%s: a new challenge: got %d", name, a.Status)
			}
			b.WantLocked(name + ", no secret")
		})
	}
}
