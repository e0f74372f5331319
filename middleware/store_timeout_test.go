package middleware_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// An ordeal is what many users at once live through: a store of 20 connections that is well,
// in trouble, and well again.
type ordeal struct {
	timeout time.Duration
	well    time.Duration // before the trouble, and after it
	trouble apptest.Trouble
	delay   time.Duration
	lasts   time.Duration
	guests  int
}

func TestSlowStore(t *testing.T) {
	ordeal{timeout: 2 * time.Second, well: time.Second, delay: 200 * time.Millisecond, lasts: 3 * time.Second, guests: 80}.run(t)
}

func TestStalledStore(t *testing.T) {
	ordeal{timeout: 2 * time.Second, well: time.Second, trouble: apptest.Stalled, lasts: 3 * time.Second, guests: 80}.run(t)
}

func TestCutStore(t *testing.T) {
	ordeal{timeout: 2 * time.Second, well: time.Second, trouble: apptest.Cut, lasts: 2 * time.Second, guests: 80}.run(t)
}

func TestThoroughSlowStore(t *testing.T) {
	ordeal{timeout: 3 * time.Second, well: 5 * time.Second, delay: 300 * time.Millisecond, lasts: 20 * time.Second, guests: 120}.run(t)
}

func TestThoroughStalledStore(t *testing.T) {
	for name, trouble := range map[string]apptest.Trouble{"stalled": apptest.Stalled, "lost": apptest.Lost} {
		t.Run(name, func(t *testing.T) {
			ordeal{timeout: 3 * time.Second, well: 5 * time.Second, trouble: trouble, lasts: 65 * time.Second, guests: 120}.run(t)
		})
	}
}

func TestThoroughCutStore(t *testing.T) {
	ordeal{timeout: 3 * time.Second, well: 5 * time.Second, trouble: apptest.Cut, lasts: 20 * time.Second, guests: 120}.run(t)
}

// recovery is how long after the trouble a request may still be refused.
const recovery = 2 * time.Second

func (o ordeal) run(t *testing.T) {
	world := apptest.NewWorld(t)
	remote := apptest.NewRemote(world.Store.Inner(), 20, 0)
	world.Store.SetInner(remote)
	app := world.Node(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithStoreTimeout(o.timeout), middleware.WithClock(time.Now),
	}})
	c := &guests{app: app, answers: make(map[int]int)}
	for n := range o.guests {
		c.guests = append(c.guests, newGuest(t, c, n))
	}
	idle := runtime.NumGoroutine()

	remote.Set(apptest.None, time.Millisecond)
	var gone sync.WaitGroup
	for _, v := range c.guests {
		gone.Go(v.live)
	}
	// Other tests may keep this machine busy: a page that needs no store takes as long.
	var lag atomic.Int64
	gone.Go(func() {
		for b := app.Browser(t); c.phase.Load() != over; time.Sleep(20 * time.Millisecond) {
			start := time.Now()
			b.Get("/open/")
			lag.Store(max(lag.Load(), int64(time.Since(start))))
		}
	})
	time.Sleep(o.well)
	remote.Set(o.trouble, max(o.delay, time.Millisecond))
	c.phase.Store(troubled)
	most, calls := 0, int64(0)
	for end := time.Now().Add(o.lasts); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		most, calls = max(most, runtime.NumGoroutine()), max(calls, remote.UnderWay())
	}
	remote.Set(apptest.None, time.Millisecond)
	time.Sleep(recovery)
	c.phase.Store(recovered)
	time.Sleep(o.well)
	ended := func() bool { return strings.Contains(app.Log.String(), "the store answers again") }
	for deadline := time.Now().Add(5 * time.Second); !ended() && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	c.phase.Store(over)
	gone.Wait()

	late := time.Duration(lag.Load()).Round(time.Millisecond)
	t.Logf("answers %v, the longest after %v; %d goroutines, %d calls of the store at most; codes lost: %d; refused early or late: %d; lag: %v",
		c.answers, c.longest.Round(time.Millisecond), most-idle, calls, c.lost.Load(), c.untimely.Load(), late)
	// A request that asks the store is woken several times on its way.
	if want := o.timeout + 500*time.Millisecond + 3*late; c.longest > want {
		t.Errorf("an answer after %v, want %v at most", c.longest, want)
	}
	if n := c.untimely.Load(); n > 0 && late < 50*time.Millisecond {
		t.Errorf("%d requests were refused before the trouble, or more than %v after it", n, recovery)
	}
	// A connection has two at each end, and a guest one.
	if most-idle > 7*o.guests {
		t.Errorf("%d goroutines for %d guests, want 7 for each at most", most-idle, o.guests)
	}
	if calls > 80 {
		t.Errorf("%d calls of the store at once, want 80 at most", calls)
	}
	out := 0
	for _, v := range c.guests {
		if !v.in {
			out++
			t.Logf("%s is out, and has proved it: %v; last %d %.300q", v.email, v.proved, v.last.Status, v.last.Body)
		}
	}
	if out > 0 {
		t.Errorf("%d guests are out in the end", out)
	}
	log := app.Log.String()
	errs, ends := strings.Count(log, `"level":"ERROR"`), strings.Count(log, "the store answers again")
	refused := c.answers[http.StatusServiceUnavailable] > 0
	mostErrs := 1
	if late >= 50*time.Millisecond { // the store seemed to come and go
		mostErrs = 3
	}
	if refused && (errs < 1 || errs > mostErrs || ends != errs) || !refused && errs > 1 {
		t.Errorf("the log has %d errors and %d ends, want one each", errs, ends)
		for line := range strings.Lines(log) {
			if strings.Contains(line, `"level":"ERROR"`) {
				t.Log(line)
			}
		}
	}
}

// The phases of an ordeal.
const (
	healthy int32 = iota
	troubled
	recovered
	over
)

type guests struct {
	app      *apptest.App
	guests   []*guest
	phase    atomic.Int32
	lost     atomic.Int64 // codes
	untimely atomic.Int64 // refusals

	mu      sync.Mutex
	answers map[int]int
	longest time.Duration
}

// A guest signs in, and looks at pages.
type guest struct {
	t      *testing.T
	guests *guests
	email  string
	phone  *emulator.Phone
	b      *apptest.Browser
	types  bool // a code, rather than answer on the phone
	typed  string
	proved bool
	in     bool
	last   apptest.Answer
}

func newGuest(t *testing.T, c *guests, n int) *guest {
	email := fmt.Sprintf("guest%d@example.com", n)
	v := &guest{t: t, guests: c, email: email, b: c.app.Browser(t), types: n%2 == 0}
	v.b.Login(email)
	uri, _ := v.b.PostJSON("/2fa/enable", "").JSON("uri").(string)
	v.phone = c.app.Emulator.Phone(email)
	expect.NoError(t, v.phone.AddAccount(uri))
	c.app.ChangeAccount(t, email, func(a *records.Account) {
		a.State, a.Email, a.Factor, a.Staged = records.On, email, a.Staged.Factor, nil
		a.Epoch, a.Recovery = records.NewEpoch(), new(records.Recovery)
	})
	err := c.app.Records(t).UpdateAddress(t.Context(), email, func(a *records.Address) error {
		a.UserID = apptest.UserID(email)
		return nil
	})
	expect.NoError(t, err)
	v.b = c.app.Browser(t).Login(email)
	return v
}

// ask makes a request.
func (v *guest) ask(request func() apptest.Answer) apptest.Answer {
	phase, start := v.guests.phase.Load(), time.Now()
	v.last = request()
	took := time.Since(start)
	c := v.guests
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[v.last.Status]++
	c.longest = max(c.longest, took)
	if v.last.Status == http.StatusServiceUnavailable {
		expect.Differ(v.t, v.last.Header.Get("Retry-After"), "", "503 without Retry-After: %s", v.last.Body)
		if phase == healthy && c.phase.Load() == healthy || phase == recovered {
			c.untimely.Add(1)
		}
	}
	return v.last
}

func (v *guest) live() {
	time.Sleep(rand.N(3 * time.Second))
	for stop := (time.Time{}); ; time.Sleep(300*time.Millisecond + rand.N(400*time.Millisecond)) {
		if v.guests.phase.Load() == over {
			if stop.IsZero() {
				stop = time.Now().Add(20 * time.Second) // a request to the phone that broke off is in the way for 15
			}
			if v.in || time.Now().After(stop) {
				return
			}
		}
		a := v.ask(func() apptest.Answer { return v.b.Get("/account") })
		v.in = a.Secret() && a.Header.Get("X-Verified") == "true"
		if a.Location == "/2fa/challenge" {
			v.prove()
		}
	}
}

func (v *guest) prove() {
	a := v.ask(func() apptest.Answer { return v.b.Get("/2fa/challenge") })
	if strings.HasPrefix(a.Location, "/2fa/challenge?") {
		a = v.ask(func() apptest.Answer { return v.b.Get(a.Location) })
	}
	if a.Status != http.StatusOK {
		return
	}
	pending := v.phone.Pending()
	if code, err := v.phone.CodeAt(time.Now()); err == nil && code != v.typed && (v.types || len(pending) == 0) {
		a := v.ask(func() apptest.Answer { return v.b.Post("/2fa/challenge/totp", "code", code) })
		if a.Status != http.StatusServiceUnavailable {
			v.typed = code
			v.proved = v.proved || a.Status == http.StatusSeeOther
		}
		if a.Status == http.StatusUnprocessableEntity || a.Status == http.StatusForbidden {
			v.guests.lost.Add(1)
			v.types = false
		}
		return
	}
	if v.ask(func() apptest.Answer { return v.b.GetJSON("/2fa/challenge/status") }).JSON("state") == "none" {
		v.ask(func() apptest.Answer { return v.b.PostJSON("/2fa/challenge", "") })
	}
	for _, request := range pending {
		if reply, err := v.guests.app.Emulator.Report(v.t.Context(), request.Token, true); err == nil && reply.Status == http.StatusOK {
			v.proved = true
		}
	}
}

// Fifty requests of one session at once are a page with its pictures.
func TestOneSessionAsksOnce(t *testing.T) {
	world := apptest.NewWorld(t)
	remote := apptest.NewRemote(world.Store.Inner(), 20, 50*time.Millisecond)
	world.Store.SetInner(remote)
	app := world.Node(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("before measuring")
	for range 3 {
		app.Clock.Add(time.Minute) // what is cached has aged
		asked := remote.Asked()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if a := b.GetJSON("/account"); !a.Secret() {
					t.Errorf("got %d, want the page", a.Status)
				}
			})
		}
		all.Wait()
		if n := remote.Asked() - asked; n > 8 { // 4, but for a busy machine
			t.Errorf("the store was asked %d times by 50 requests, want 8 at most", n)
		}
	}
}

func TestStoreTimeoutIsChecked(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want bool
	}{{0, false}, {99 * time.Millisecond, false}, {100 * time.Millisecond, true}, {30 * time.Second, true}, {31 * time.Second, false}} {
		_, err := middleware.New(middleware.WithStore(store.NewMemory()), middleware.WithStoreTimeout(tt.d))
		expect.Equal(t, err == nil || !strings.Contains(err.Error(), "WithStoreTimeout"), tt.want, "%v: taken", tt.d)
	}
}

// Whatever a request needs of the store, all of it together has the one time-out.
func TestOneTimeoutForAllCalls(t *testing.T) {
	const timeout, delay = 1200 * time.Millisecond, 500 * time.Millisecond
	world := apptest.NewWorld(t)
	remote := apptest.NewRemote(world.Store.Inner(), 20, 0)
	world.Store.SetInner(remote)
	app := world.Node(t, apptest.Setup{Options: []middleware.Option{middleware.WithStoreTimeout(timeout)}})
	phone := app.Enrolled(t, alice)
	fresh := app.Browser(t).Login(alice)
	waiting := app.Stopped(t, alice)
	plain := app.Browser(t).Login(bob)
	code := apptest.Code(t, phone)
	for _, tt := range []struct {
		name    string
		request func() apptest.Answer
	}{
		{"the first page", func() apptest.Answer { return fresh.Get("/account") }},
		{"the challenge", func() apptest.Answer { return waiting.Get("/2fa/challenge") }},
		{"a code", func() apptest.Answer { return waiting.Post("/2fa/challenge/totp", "code", code) }},
		{"an enrolment", func() apptest.Answer { return plain.PostJSON("/2fa/enable", "") }},
	} {
		app.Clock.Add(3 * time.Second) // what is cached has aged
		remote.Set(apptest.None, delay)
		start := time.Now()
		a := tt.request()
		if took := time.Since(start); took > timeout+delay/2 {
			t.Errorf("%s: got %d after %v, want an answer within %v", tt.name, a.Status, took, timeout)
		}
		remote.Set(apptest.None, 0)
	}
	// Nothing was half done: the code is still good.
	waiting.Post("/2fa/challenge/totp", "code", code).Want(t, http.StatusSeeOther, "the same code, when the store is well again")
	waiting.WantIn("in the end")
}
