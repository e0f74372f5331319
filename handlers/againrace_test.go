package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// atWrite is true at the nth write of whatever kind.
func atWrite(n int) func(apptest.Op, store.Kind, string) bool {
	return func(op apptest.Op, _ store.Kind, _ string) bool {
		if op == apptest.Writes {
			n--
		}
		return n == 0
	}
}

// recent adds a page that wants a proof of the last minutes.
func recent(app *apptest.App, mux *http.ServeMux) {
	mux.Handle("/recent", app.Gate.RequireRecent(5*time.Minute)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, apptest.Secret)
	})))
}

// Two clicks at once, on two nodes, however far one has got when the other one comes: one
// proof is given, told of once, and both answers lead to it.
func TestA51_CodeSentTwiceAtOnce(t *testing.T) {
	t.Parallel()
	for step, writes := range map[string]int{"/account": 4, "/recent": 6} {
		for n := 1; n <= writes; n++ {
			t.Run(fmt.Sprintf("%s, write %d", step, n), func(t *testing.T) {
				t.Parallel()
				var e ear
				world := apptest.NewWorld(t)
				setup := apptest.Setup{Routes: recent}
				nodes := []*apptest.App{world.Node(t, e.setup(), setup), world.Node(t, e.setup(), setup)}
				phone := nodes[0].Enrolled(t, alice)
				b := nodes[0].Stopped(t, alice)
				before := len(proofs(t, world))
				if step == "/recent" {
					b.Post(totp, "code", apptest.Code(t, phone))
					before++
					world.Clock.Add(10 * time.Minute)
					b.Follow(step)
				}
				code := apptest.Code(t, phone)
				e.take()
				first, second := b.Copy(), b.Copy().On(nodes[1])
				pause := world.Pause(t, atWrite(n))
				var wg sync.WaitGroup
				var a apptest.Answer
				wg.Go(func() { a = first.Post(totp, "code", code) })
				pause.Wait()
				again := second.Post(totp, "code", code)
				pause.Go()
				wg.Wait()
				for _, a := range []apptest.Answer{a, again} {
					a.WantTo(t, step)
				}
				expect.Slice(t, e.take(), []string{"verified totp"}, "heard")
				if n := len(proofs(t, world)); step == "/account" && n != before+1 || step == "/recent" && n != before {
					t.Errorf("got %d proofs, there were %d", n, before)
				}
				expect.Equal(t, world.Account(t, alice).Failures, 0, "wrong codes")
				for i, b := range []*apptest.Browser{first, second} {
					b.Get(step).WantSecret(t, "request %d", i)
				}
				world.Clock.Add(2 * time.Minute) // for longer than what is left of the former session
				first.WantIn("the first")
				second.WantIn("the second")
				second.Post("/logout")
				world.Clock.Add(2 * time.Second) // what the other node has seen
				first.WantLockedOrOut("the first, after the logout of the second")
			})
		}
	}
}

// A form that is sent twice, of which the second one can't be saved: the first one's proof
// stays.
func TestA51_CodeSentTwiceAndNotSaved(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	setup := apptest.Setup{Routes: recent}
	nodes := []*apptest.App{world.Node(t, setup), world.Node(t, setup)}
	phone := nodes[0].Enrolled(t, alice)
	b := nodes[0].Stopped(t, alice)
	b.Post(totp, "code", apptest.Code(t, phone))
	world.Clock.Add(10 * time.Minute)
	b.Follow("/recent")
	code := apptest.Code(t, phone)
	first, second := b.Copy().On(nodes[1]), b.Copy()
	pause := world.Pause(t, apptest.Nth(1, apptest.Reads, store.Accounts))
	var wg sync.WaitGroup
	var late apptest.Answer
	wg.Go(func() { late = second.Post(totp, "code", code) }) // verified, as it was when it came
	pause.Wait()
	first.Post(totp, "code", code).WantTo(t, "/recent")
	world.Scs.FailCommits(1)
	pause.Go()
	wg.Wait()
	late.Want(t, http.StatusServiceUnavailable)
	first.Get("/recent").WantSecret(t)
}

// leaving is a node that tells when a request is over, whose browser may have left.
type leaving struct {
	*apptest.App
	over    sync.WaitGroup
	request atomic.Pointer[http.Request] // the last one
}

func newLeaving(t *testing.T, world *apptest.World, setups ...apptest.Setup) *leaving {
	t.Helper()
	l := new(leaving)
	l.App = world.Node(t, append(setups, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		h := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.over.Add(1)
			defer l.over.Done()
			l.request.Store(r)
			body, err := io.ReadAll(r.Body) // a server sees that a browser leaves when it has read all
			if err != nil {
				t.Error(err)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			h.ServeHTTP(w, r)
		})
	}})...)
	return l
}

// leave sends a request, and breaks it off at the nth access to the store. It reports
// whether there were as many.
func (l *leaving) leave(t *testing.T, b *apptest.Browser, n int, method, path string, fields ...string) bool {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req := expect.Try(http.NewRequestWithContext(ctx, method, l.URL+path, strings.NewReader(form.Encode()))).OrFail(t)
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	found, answered := false, make(chan struct{})
	l.Pause(t, func(apptest.Op, store.Kind, string) bool {
		if n--; n == 0 {
			found = true
			cancel()
			select {
			case <-l.request.Load().Context().Done():
			case <-answered: // already
			}
		}
		return false
	})
	if b.Quiet().Send(req).Status != 0 {
		close(answered)
	}
	l.over.Wait()
	return found
}

// What an application notes of a proof, by its function for events, it can note although
// the browser has left.
func TestEventAfterTheBrowserLeft(t *testing.T) {
	t.Parallel()
	for n, more := 1, true; more; n++ {
		var ended []error // of the context of each event of a proof
		app := newLeaving(t, apptest.NewWorld(t), apptest.Setup{Options: []middleware.Option{
			middleware.WithEvents(func(ctx context.Context, e eagate.Event) {
				if e.Kind == eagate.EventVerified {
					ended = append(ended, ctx.Err())
				}
			}),
		}})
		phone := app.Enrolled(t, alice)
		b := app.Stopped(t, alice)
		more = app.leave(t, b, n, http.MethodPost, totp, "code", apptest.Code(t, phone))
		if i := slices.IndexFunc(ended, func(err error) bool { return err != nil }); i >= 0 {
			t.Errorf("left at access %d: %v, want a context that goes on", n, ended[i])
		}
		if !more && len(ended) != 1 {
			t.Errorf("got %d events of a browser that stayed, want 1", len(ended))
		}
	}
}

// A browser that leaves while it is let in, at whatever moment, arrives where it was going
// when it comes back, without another code: what had begun was finished.
func TestA51_BrowserLeaves(t *testing.T) { browserLeaves(t, "totp", "push") }

// So does one that is let in by other ways.
func TestThoroughA51_BrowserLeaves(t *testing.T) {
	browserLeaves(t, "recovery", "push, by a form", "push, at the page itself", "step-up", "step-up by push", "device")
}

func browserLeaves(t *testing.T, ways ...string) {
	t.Parallel()
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			for n := 1; leavesAt(t, way, n); n++ {
				if n > 40 {
					t.Fatal("no end of accesses to the store")
				}
			}
		})
	}
}

// leavesAt has a browser leave at the nth access, and reports whether there were as many.
func leavesAt(t *testing.T, way string, n int) bool {
	world := apptest.NewWorld(t)
	app := newLeaving(t, world, trusting(), apptest.Setup{Routes: recent})
	_, codes := enrolWithCodes(t, app.App, alice)
	phone := app.Emulator.Phone(alice)
	var b *apptest.Browser
	to := "/account"
	switch way {
	case "device":
		b = trusted(t, app.App, alice).Login(alice)
	case "step-up", "step-up by push":
		to = "/recent"
		b = app.Stopped(t, alice)
		b.Post(totp, "code", apptest.Code(t, phone))
		world.Clock.Add(10 * time.Minute)
		b.Follow("/recent")
	default:
		b = app.Stopped(t, alice)
	}
	code := apptest.Code(t, phone)
	resend := func() apptest.Answer { return b.Post(totp, "code", code) }
	found := false
	switch way {
	case "totp", "step-up":
		found = app.leave(t, b, n, "POST", totp, "code", code)
	case "recovery":
		found = app.leave(t, b, n, "POST", recoveryPath, "code", codes[0])
		resend = func() apptest.Answer { return b.Post(recoveryPath, "code", codes[0]) }
	case "push", "step-up by push":
		apptest.Approve(t, phone)
		found = app.leave(t, b, n, "GET", "/2fa/challenge")
	case "push, by a form":
		apptest.Approve(t, phone)
		found = app.leave(t, b, n, "POST", "/2fa/challenge/continue")
	case "push, at the page itself":
		apptest.Approve(t, phone)
		found = app.leave(t, b, n, "GET", "/account")
	case "device":
		found = app.leave(t, b, n, "GET", "/account")
	}
	a, at := b.Follow(to)
	if !a.Secret() && (way == "totp" || way == "recovery" || way == "step-up") {
		if acct := world.Account(t, alice); acct.LastForm.At.Equal(world.Clock.Now()) || len(acct.Recovery.Hashes) < 10 {
			t.Errorf("access %d: the code was taken, and the browser got %d at %s", n, a.Status, at)
		}
		resend() // nothing was done before
		a, at = b.Follow(to)
	}
	if !a.Secret() {
		t.Errorf("access %d: got %d at %s\n%s", n, a.Status, at, a.Body)
	}
	if acct := world.Account(t, alice); acct.Failures+acct.RecoveryFailures > 0 || acct.State != records.On {
		t.Errorf("access %d: got %d wrong codes", n, acct.Failures+acct.RecoveryFailures)
	}
	b.WantIn("afterwards")
	return found
}

// A page that is opened while another request of the same browser unlocks the session,
// however far that has got, neither asks for a code nor has the phone ring: it goes on by
// itself, and arrives when the other one has.
func TestA51_ReloadWhileItUnlocks(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"totp", "push"} {
		for n := 2; n <= 4; n++ { // until the first write, nothing has begun
			t.Run(fmt.Sprint(way, ", write ", n), func(t *testing.T) {
				t.Parallel()
				app := apptest.New(t)
				phone := app.Enrolled(t, alice)
				b := app.Stopped(t, alice)
				code := apptest.Code(t, phone)
				if way == "push" {
					apptest.Approve(t, phone)
				}
				first, second := b.Copy(), b.Copy()
				pause := app.Pause(t, atWrite(n))
				var wg sync.WaitGroup
				wg.Go(func() {
					if way == "push" {
						first.Get("/2fa/challenge")
					} else {
						first.Post(totp, "code", code)
					}
				})
				pause.Wait()
				a, at := second.Follow("/account")
				if !a.Secret() && !strings.Contains(a.Body, `<meta http-equiv="refresh" content="1; url=/2fa/challenge`) {
					t.Errorf("meanwhile: got %d at %s\n%s\nwant a page that goes on by itself", a.Status, at, a.Body)
				}
				expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
				if a, _ := second.Thief().Follow("/2fa/challenge"); strings.Contains(a.Body, `content="1; url=/2fa/challenge"`) {
					t.Error("somebody else is shown that the session is being unlocked")
				}
				pause.Go()
				wg.Wait()
				if a := second.Get("/2fa/challenge"); a.Location != "/account" && a.Location != "/" {
					t.Errorf("afterwards: got %d to %q\n%s", a.Status, a.Location, a.Body)
				}
				second.WantIn("afterwards")
			})
		}
	}
}
