package handlers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
)

// A stream is what a page hears of server-sent events.
type stream struct {
	t      *testing.T
	res    *http.Response
	lines  *bufio.Scanner
	cancel func()
}

// listen opens the events of the browser's challenge.
func listen(t *testing.T, b *apptest.Browser) *stream {
	t.Helper()
	res, cancel := open(t, b)
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "text/event-stream" {
		t.Fatalf("events: got %d %s, want 200 text/event-stream", res.StatusCode, got)
	}
	return &stream{t, res, bufio.NewScanner(res.Body), cancel}
}

// open asks for the events.
func open(t *testing.T, b *apptest.Browser) (res *http.Response, cancel func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", b.App.URL+"/2fa/challenge/events", nil)
	expect.NoError(t, err)
	req.Header.Set("Accept", "text/event-stream")
	c := &http.Client{Jar: b.Jar, Transport: &http.Transport{}}
	res, err = c.Do(req)
	expect.NoError(t, err)
	t.Cleanup(func() {
		res.Body.Close()
		c.CloseIdleConnections()
	})
	return res, cancel
}

// next returns the next event, or false at the stream's end.
func (s *stream) next() (event map[string]any, ok bool) {
	s.t.Helper()
	for s.lines.Scan() {
		data, found := strings.CutPrefix(s.lines.Text(), "data: ")
		if !found {
			continue
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			s.t.Errorf("event %q: %v", data, err)
		}
		return event, true
	}
	return nil, false
}

func (s *stream) want(state string) map[string]any {
	s.t.Helper()
	event, ok := s.next()
	if !ok || event["state"] != state {
		s.t.Errorf("got event %v, %v, want %s", event, s.lines.Err(), state)
	}
	return event
}

func (s *stream) wantEnd() {
	s.t.Helper()
	if event, ok := s.next(); ok || s.lines.Err() != nil {
		s.t.Errorf("got event %v, error %v, want the stream's end", event, s.lines.Err())
	}
}

// So many streams of a user are open at once on a node; the pages beyond them poll.
func TestA50_Streams(t *testing.T) {
	t.Parallel()
	const most = 16
	app := apptest.New(t)
	w := wait(t, app, alice)
	var streams []*stream
	for range most {
		s := listen(t, w.Browser)
		s.want("pending")
		streams = append(streams, s)
	}
	for range 100 {
		if res, _ := open(t, w.Browser); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "2" {
			t.Fatalf("one more: got %d, Retry-After %q, want 429 and 2", res.StatusCode, res.Header.Get("Retry-After"))
		}
	}
	w.wantState(t, "a poll", "pending")
	his := wait(t, app, bob)
	listen(t, his.Browser).want("pending")

	streams[0].cancel()
	await(t, "the place of a stream that has ended", func() bool {
		res, _ := open(t, w.Browser)
		return res.StatusCode == http.StatusOK
	})
	report(t, app, w.token, "true")
	for _, s := range streams[1:] {
		s.want("approved")
	}
}

// soon is less than the time after which a node looks into the store, and a lot
// more than it takes to be woken.
const soon = 900 * time.Millisecond

func TestEvents(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	events := listen(t, w.Browser)
	if event := events.want("pending"); event["number"] != w.number || event["expires_in"] != 300.0 {
		t.Errorf("got event %v, want the number %s", event, w.number)
	}
	begin := time.Now()
	report(t, app, w.token, "true")
	expect.Equal(t, events.want("approved")["next"], "/2fa/challenge", "event (where to go)")
	if d := time.Since(begin); d > soon {
		t.Errorf("the answer came after %v, it at once", d)
	}
	events.wantEnd()
	w.WantIn("at the end")
	verified := listen(t, w.Browser)
	expect.Equal(t, verified.want("approved")["verified"], true, "unlocked, event")
	verified.wantEnd()
}

func TestEventsOnAnotherNode(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	one, two := world.Node(t), world.Node(t)
	w := wait(t, one, alice)
	events := listen(t, w.On(two))
	events.want("pending")
	report(t, one, w.token, "true")
	events.want("approved")
	events.wantEnd()
}

// What comes while the stream begins isn't missed.
func TestEventsMissNothing(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	var (
		answer func()
		armed  atomic.Bool
	)
	world.Store.SetInner(&hooked{world.Store.Inner(), store.Challenges, func() {
		if armed.CompareAndSwap(true, false) { // the report reads the challenge too
			answer()
		}
	}})
	one, two := world.Node(t), world.Node(t) // two knows nothing of it yet
	w := wait(t, one, alice)
	answer = func() { report(t, two, w.token, "true") }
	armed.Store(true)
	begin := time.Now()
	events := listen(t, w.On(two))
	events.want("pending")
	events.want("approved")
	if d := time.Since(begin); d > soon {
		t.Errorf("the answer came after %v, it at once", d)
	}
}

// What one poll has read before something happened isn't taken for what is so after
// it.
func TestPollsBesideALatePoll(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	world.Watch()
	app := world.Node(t)
	revoke := func() {
		if err := app.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "a test"); err != nil {
			t.Error(err)
		}
	}
	phone := app.Enrolled(t, alice)
	other := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	other.WantIn("before it is revoked")
	revoke() // so that the store is asked whether the session is locked
	app.Clock.Add(time.Minute)
	w := waitOn(t, app.Stopped(t, alice), phone)
	var revoked atomic.Bool
	app.Store.SetInner(&hooked{app.Store.Inner(), store.Accounts, func() {
		if revoked.CompareAndSwap(false, true) {
			revoke()
		}
	}})
	expect.Equal(t, other.GetJSON("/2fa/challenge/status").JSON("state"), "none", "the late poll")
	w.wantState(t, "afterwards", "none")
}

// hooked calls a function after documents of a kind were read.
type hooked struct {
	store.Backend
	kind  store.Kind
	after func()
}

func (h *hooked) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	docs, err := h.Backend.Get(ctx, kind, ids...)
	if kind == h.kind {
		h.after()
	}
	return docs, err
}

// A page that was opened while the service was still being asked gets the
// number when it is there.
func TestEventsOfAChallengeBeingMade(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	asked, answer := make(chan struct{}), make(chan struct{})
	app.Store.SetInner(&heldCreation{Backend: app.Store.Inner(), asked: asked, answer: answer})
	var all sync.WaitGroup
	b.Get("/account")
	all.Go(func() { b.Copy().Get("/2fa/challenge") })
	<-asked
	events := listen(t, b)
	if event := events.want("pending"); event["number"] != nil {
		t.Errorf("got event %v, want no number yet", event)
	}
	close(answer)
	all.Wait()
	request := expect.Try(phone.Wait(t.Context())).OrFail(t)
	expect.Equal(t, events.want("pending")["number"], any(request.Number), "event")
	begin := time.Now()
	apptest.Approve(t, phone)
	events.want("approved")
	if d := time.Since(begin); d > soon {
		t.Errorf("the answer came after %v, it at once", d)
	}
}

// A node that has seen that a challenge was being made, on another node, has its number
// as soon as the session has its token.
func TestStatusOfAChallengeBeingMadeElsewhere(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	one, two := world.Node(t), world.Node(t)
	phone := one.Enrolled(t, alice)
	b := one.Browser(t).Login(alice)
	b.Get("/account")
	asked, answer := make(chan struct{}), make(chan struct{})
	world.Store.SetInner(&heldCreation{Backend: world.Store.Inner(), asked: asked, answer: answer})
	var page sync.WaitGroup
	page.Go(func() { b.Copy().Get("/2fa/challenge") })
	<-asked
	if a := b.On(two).GetJSON("/2fa/challenge/status"); a.JSON("state") != "pending" || a.JSON("number") != nil {
		t.Errorf("being made: got %s, want pending and no number yet", a.Body)
	}
	close(answer)
	page.Wait()
	request := expect.Try(phone.Wait(t.Context())).OrFail(t)
	expect.Equal(t, b.On(two).GetJSON("/2fa/challenge/status").JSON("number"), any(request.Number), "made")
}

// heldCreation doesn't store the first new challenge before it may.
type heldCreation struct {
	store.Backend
	held          atomic.Bool
	asked, answer chan struct{}
}

func (h *heldCreation) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if kind == store.Challenges && doc.Version == 0 && h.held.CompareAndSwap(false, true) {
		close(h.asked)
		<-h.answer
	}
	return h.Backend.Put(ctx, kind, doc)
}

// ended tells when a handler of events has returned, and with which deadline.
func ended(returned chan<- time.Time) apptest.Setup {
	return apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		inner := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/2fa/challenge/events" {
				inner.ServeHTTP(w, r)
				return
			}
			d := &deadlines{ResponseWriter: w}
			inner.ServeHTTP(d, r)
			returned <- d.last
		})
	}}
}

type deadlines struct {
	http.ResponseWriter
	last time.Time
}

func (d *deadlines) Unwrap() http.ResponseWriter { return d.ResponseWriter }

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.last = t
	return http.NewResponseController(d.ResponseWriter).SetWriteDeadline(t)
}

func TestEventsEndWithTheBrowser(t *testing.T) {
	t.Parallel()
	returned := make(chan time.Time, 10)
	app := apptest.New(t, ended(returned))
	w := wait(t, app, alice)
	var streams []*stream
	for range 5 {
		s := listen(t, w.Browser)
		s.want("pending")
		streams = append(streams, s)
	}
	late := time.After(10 * soon)
	for _, s := range streams {
		s.cancel()
		select {
		case <-returned:
		case <-late:
			t.Fatal("the handler goes on after its client has gone")
		}
	}
	w.wantState(t, "afterwards", "pending")
}

// The connection may serve other requests afterwards, for as long as they take.
func TestEventsLeaveNoDeadline(t *testing.T) {
	t.Parallel()
	returned := make(chan time.Time, 10)
	app := apptest.New(t, ended(returned))
	w := wait(t, app, alice)
	events := listen(t, w.Browser)
	events.want("pending")
	report(t, app, w.token, "true")
	events.want("approved")
	events.wantEnd()
	if deadline := <-returned; !deadline.IsZero() {
		t.Errorf("got deadline %v left on the connection, want none", deadline)
	}
}

// A fault of the store ends no stream, and what has happened meanwhile is told when
// it is over.
func TestEventsUnderAFault(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	one, two := world.Node(t), world.Node(t)
	w := wait(t, one, alice)
	events := listen(t, w.On(two))
	events.want("pending")
	report(t, one, w.token, "true")
	world.Store.Fail(apptest.Reads)
	a := w.On(world.Node(t)).GetJSON("/2fa/challenge/events") // where nothing is known
	wantProblem(t, "events", a, 503, "unavailable", "")
	if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || n < 1 {
		t.Errorf("got Retry-After %q, want some seconds", a.Header.Get("Retry-After"))
	}
	await(t, "the fault in the log", func() bool { return strings.Contains(world.Log.String(), "the store fails") })
	world.Store.Fail(0)
	events.want("approved")
	events.wantEnd()
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	late := time.After(20 * time.Second)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !so() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestEventsExpire(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	events := listen(t, w.Browser)
	events.want("pending")
	app.Clock.Add(5 * time.Minute)
	begin := time.Now()
	events.want("expired")
	events.wantEnd()
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("the event came after %v, it within a second or so", d)
	}
}

// What a node knows of a user from an earlier challenge isn't taken for what is so of
// one that has begun on another node since.
func TestStatusOfAChallengeBegunElsewhere(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	one, two := world.Node(t), world.Node(t)
	one.Enrolled(t, alice)
	earlier := one.Stopped(t, alice)
	expect.Equal(t, earlier.On(two).GetJSON("/2fa/challenge/status").JSON("state"), "pending", "the earlier one")
	later := one.Stopped(t, alice)
	expect.Equal(t, later.On(two).GetJSON("/2fa/challenge/status").JSON("state"), "pending", "the later one")
	events := listen(t, later.On(two))
	events.want("pending")
	phone := world.Emulator.Phone(alice)
	apptest.Approve(t, phone)
	events.want("approved")
}

// When a node ends, its streams end at once, by Run's end or by the server's, and don't
// last any more. The browser is told to come again.
func TestStreamsEndWithTheNode(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		end  func(t *testing.T, app *apptest.App, server *http.Server)
		goes bool // the server still answers
	}{
		{"Run", func(t *testing.T, app *apptest.App, _ *http.Server) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			app.Gate.Run(ctx)
		}, true},
		{"Shutdown", func(t *testing.T, _ *apptest.App, server *http.Server) {
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			expect.NoError(t, server.Shutdown(ctx), "Shutdown")
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var handler http.Handler
			app := apptest.New(t, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
				handler = app.Sessions.LoadAndSave(app.Gate.Handler(mux))
				return handler
			}})
			w := wait(t, app, alice)
			server := httptest.NewUnstartedServer(handler)
			server.Config.RegisterOnShutdown(app.Gate.EndStreams)
			server.Start()
			t.Cleanup(server.Close)
			node := *app
			node.URL = server.URL
			events := listen(t, w.On(&node))
			if !events.lines.Scan() || !strings.HasPrefix(events.lines.Text(), "retry: ") {
				t.Errorf("the stream begins with %q, want how soon to come again", events.lines.Text())
			}
			events.want("pending")
			begin := time.Now()
			row.end(t, app, server.Config)
			events.wantEnd()
			if d := time.Since(begin); d > soon {
				t.Errorf("the stream ended after %v, it at once", d)
			}
			if row.goes {
				again := listen(t, w.On(&node))
				again.want("pending")
				again.wantEnd()
			}
		})
	}
}
