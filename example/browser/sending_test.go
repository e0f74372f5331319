package browser_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// A mailbox stands before the application, and holds the forms that are sent to it, or
// the answers to them.
type mailbox struct {
	t       *testing.T
	app     http.Handler
	streams atomic.Int64  // that are open
	changed chan struct{} // signalled when that was another number
	beats   chan struct{}

	mu   sync.Mutex
	sent map[string]int // forms by path
	hold map[moment]*held
}

// A moment is one in the sending of a form.
type moment string

const (
	coming    moment = "coming"    // the application hasn't got the form
	answering moment = "answering" // the browser hasn't got the answer
)

// A held form waits in the mailbox.
type held struct{ came, release chan struct{} }

func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/2fa/challenge/events":
		m.stream(1)
		defer m.stream(-1)
	case r.URL.Path == "/restore": // a session that was begun without the browser
		http.SetCookie(w, &http.Cookie{Name: "session", Value: r.FormValue("session"), Path: "/"})
		return
	case r.URL.Path == "/beat":
		select {
		case m.beats <- struct{}{}:
		default:
		}
		return
	case r.Method == http.MethodPost && r.URL.Path != "/login":
		m.post(w, r)
		return
	}
	m.app.ServeHTTP(w, r)
}

func (m *mailbox) stream(n int64) {
	m.streams.Add(n)
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// wantStreams waits until so many pages have events.
func (m *mailbox) wantStreams(n int64) {
	m.t.Helper()
	end := time.After(patience)
	for m.streams.Load() != n {
		select {
		case <-m.changed:
		case <-end:
			m.t.Fatalf("%d pages have events, want %d", m.streams.Load(), n)
		}
	}
}

func (m *mailbox) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		m.t.Errorf("%s: %v", r.URL.Path, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	m.mu.Lock()
	m.sent[r.URL.Path]++
	m.mu.Unlock()
	m.wait(coming, r)
	answer := httptest.NewRecorder()
	m.app.ServeHTTP(answer, r)
	m.wait(answering, r)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (m *mailbox) wait(at moment, r *http.Request) {
	m.mu.Lock()
	h := m.hold[at]
	delete(m.hold, at)
	m.mu.Unlock()
	if h == nil {
		return
	}
	close(h.came)
	select {
	case <-h.release:
	case <-r.Context().Done():
		m.t.Errorf("the browser gave up the form to %s", r.URL.Path)
	}
}

// stop has the next form be held at that moment.
func (m *mailbox) stop(at moment) *held {
	h := &held{make(chan struct{}), make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hold[at] = h
	return h
}

// times is how often a form was sent.
func (m *mailbox) times(path string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent[path]
}

// newMailbox is newWorld with a mailbox.
func newMailbox(t *testing.T, options ...middleware.Option) (*world, *mailbox) {
	t.Helper()
	m := &mailbox{t: t, beats: make(chan struct{}), changed: make(chan struct{}, 1), sent: make(map[string]int), hold: make(map[moment]*held)}
	w := newWorldBehind(t, func(app http.Handler) http.Handler {
		m.app = app
		return m
	}, options...)
	return w, m
}

// beat has the page make a request of its own now and then, from which can be told how far
// it has come: nothing can be run in it while it waits for a form's answer.
func (b *tab) beat() {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`void setInterval(() => fetch("/beat"), 20)`))
}

// quiet waits until a page that beats has no events any more, and has done whatever it
// does at the last of them.
func (m *mailbox) quiet() {
	m.t.Helper()
	end := time.After(patience)
	for beats := 0; beats < 3; {
		select {
		case <-m.beats:
			if m.streams.Load() == 0 {
				beats++
			}
		case <-end:
			m.t.Fatalf("the page has gone while its form was sent, or it has events still: %d", m.streams.Load())
		}
	}
}

// client logs in without the browser's help, and is stopped.
func (w *world) client(t *testing.T, email string) *apptest.Browser {
	t.Helper()
	b := (&apptest.App{World: w.World, URL: w.url}).Browser(t)
	b.Post("/login", "email", email, "password", app.Password)
	return b
}

// away leaves the page, which might go elsewhere by itself just when another is opened.
func (b *tab) away() {
	b.t.Helper()
	b.do(chromedp.Navigate("about:blank"))
}

// take has the browser go on with a client's session.
func (b *tab) take(c *apptest.Browser) {
	b.t.Helper()
	b.open("/restore?session=" + c.Cookie("session"))
	b.open("/account")
}

// recoveryCodes are new ones of hers.
func (w *world) recoveryCodes(t *testing.T, phone *emulator.Phone) []string {
	t.Helper()
	c := w.client(t, alice)
	c.Post("/2fa/challenge/totp", "code", w.code(t, phone))
	answer := c.PostJSON("/2fa/recovery-codes", "{}")
	var made struct{ Codes []string }
	if err := json.Unmarshal([]byte(answer.Body), &made); err != nil || len(made.Codes) == 0 {
		t.Fatalf("recovery codes: got %d %s", answer.Status, answer.Body)
	}
	return made.Codes
}

// The names of what the challenge page has.
const (
	codeField     = "Code from your eAuthenticator app"
	sendCode      = "Sign in with the code"
	useCode       = "Use a code instead"
	recoveryField = "Recovery code"
	sendRecovery  = "Sign in with the recovery code"
	useRecovery   = "Phone lost? Use a recovery code"
	cancelSignIn  = "Cancel sign-in"
	sendAgain     = "Send a new request"
	continueHere  = "Continue here"
	nothingComes  = "Nothing on your phone?"
	trustThis     = "Don’t ask again on this device for 30\u00a0days"
)

// What a form brings about reaches the page that waits before the form's answer does: the
// page stays out of its way.
func TestFormsInFlight(t *testing.T) {
	t.Parallel()
	w, m := newMailbox(t)
	phone := w.enrolled(t, alice)
	codes := w.recoveryCodes(t, phone)
	w.Clock.Add(20 * time.Minute) // the requests until now are out of the way
	b := w.browser(t)

	b.take(w.client(t, alice))
	b.see(waiting)
	b.push(opener, useRecovery)
	b.fill(recoveryField, codes[0])
	b.beat()
	answer := m.stop(answering)
	b.push(button, sendRecovery)
	<-answer.came
	m.quiet()
	close(answer.release)
	b.see(verifiedIn)
	b.wantPath("/account")

	b.away()
	b.take(w.client(t, alice))
	b.see(waiting)
	b.beat()
	answer = m.stop(answering)
	b.push(button, cancelSignIn)
	<-answer.came
	m.quiet()
	close(answer.release)
	b.see(`form[action="/login"]`)
}

// What ends the waiting while somebody is typing is said on the page, and nothing else
// happens until the field is empty or the form sent.
func TestThoroughTypingIsLeftAlone(t *testing.T) {
	t.Parallel()
	w, _ := newMailbox(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	b.push(opener, useCode)
	b.fill(codeField, "12")
	answer(t, phone.Approve)
	b.wantNotice("You approved it on your phone")
	expect.Equal(t, b.value(codeField), "12", "the field")
	b.push(link, "Continue")
	b.see(verifiedIn)
	b.wantText("on the phone")
	b.wantPath("/account")
}
