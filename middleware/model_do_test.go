package middleware_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

// A model is a walk, and what it says that each person may get.
type model struct {
	t      *quietly
	cfg    walkConfig
	world  *apptest.World
	store  *wayward
	nodes  [2]*apptest.App
	clocks [2]*apptest.Clock
	phone  *emulator.Phone
	uri    string // of the account on it

	who      [persons]*actor
	requests []*request // to the phone, the oldest first
	epoch    uint64     // of the account
	codes    map[string]bool
	lastCode string
	proofs   int
}

// An actor is what the model knows of a person.
type actor struct {
	b     *apptest.Browser
	login *login

	// proofs are why the person may be let in.
	proofs map[string]*proof

	// until is, per node, by its monotonic clock, until when somebody who may no
	// longer be let in may be taken for one who may.
	until [2]time.Duration
}

// A login is a session, which several persons may have the cookie of.
type login struct{ over bool }

// A proof is one that a person gave, or that somebody else gave before the cookies were
// stolen.
type proof struct {
	at      time.Time
	request *request // of an approval
	stolen  bool
}

// A request is one to the phone.
type request struct {
	emulator.Request
	began    map[person]bool // who may have begun it: a copied jar may have its secret
	by       *login
	browser  string // that the record names
	over     bool   // nothing can be proved by it any more
	replaced bool   // by a newer one, when it was pending
	approved bool
}

func newModel(t *quietly, cfg walkConfig) *model {
	w := apptest.NewWorld(t)
	m := &model{t: t, cfg: cfg, world: w, store: &wayward{Backend: w.Store.Inner()}, codes: make(map[string]bool)}
	w.Store.SetInner(m.store)
	for i := range m.nodes {
		m.clocks[i] = apptest.NewClock(w.Clock)
		setup := apptest.Setup{
			Clock:    m.clocks[i],
			Sessions: func(s *scs.SessionManager) { s.Lifetime = 10_000 * time.Hour },
			Routes: func(app *apptest.App, mux *http.ServeMux) {
				mux.Handle("GET /recent", app.Gate.RequireRecent(5*time.Minute)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-User", app.SignedIn(r))
					fmt.Fprint(w, apptest.Secret)
				})))
			},
		}
		if cfg.Rejection {
			setup.Options = append(setup.Options, middleware.WithFalseResult(eagate.Rejection))
		}
		if cfg.Hold {
			setup.Options = append(setup.Options, middleware.WithHoldOnRejection())
		}
		m.nodes[i] = w.Node(t, setup)
	}
	m.phone = w.Emulator.Phone(alice)
	b := m.nodes[0].Browser(t).Login(alice)
	m.uri, _ = b.PostJSON("/2fa/enable", "").JSON("uri").(string)
	expect.NoError(t, m.phone.AddAccount(m.uri))
	if a := b.PostJSON("/2fa/enable/confirm", codeJSON(apptest.Code(t, m.phone))); a.Status != 200 {
		t.Fatal("the second factor isn't on")
	}
	m.pass(apptest.Step)
	for p := range m.who {
		m.who[p] = &actor{b: m.nodes[0].Browser(t), login: new(login), proofs: make(map[string]*proof)}
		if person(p) < cookieThief {
			m.who[p].b.Login(alice)
		}
	}
	m.epoch = m.account().Epoch
	return m
}

func codeJSON(code string) string { return fmt.Sprintf(`{"code":%q}`, code) }

func (m *model) fail(format string, args ...any) { panic(violation(fmt.Sprintf(format, args...))) }

// now is the time that it really is.
func (m *model) now() time.Time { return m.world.Clock.Now() }

// pass lets time pass everywhere.
func (m *model) pass(d time.Duration) {
	m.world.Clock.Add(d)
	for _, c := range m.clocks {
		c.Add(d)
	}
}

// account is what the store holds.
func (m *model) account() records.Account {
	acct, err := records.New(m.store.Backend, apptest.Keys(m.t)).Account(m.t.Context(), apptest.UserID(alice))
	expect.NoError(m.t, err)
	return acct
}

func (m *model) challenge(token string) (records.Challenge, bool) {
	c, err := records.New(m.store.Backend, apptest.Keys(m.t)).Challenge(m.t.Context(), factor.DeviceOf(token))
	return c, err == nil
}

// isUsed reports whether the approval of a request was.
func (m *model) isUsed(r *request) bool {
	c, ok := m.challenge(r.Token)
	return ok && c.State == records.Consumed
}

// step does what happens in a step, and then looks whether it may be.
func (m *model) step(s step) {
	begin := m.snapshot(s)
	if s.Op == opApprove && begin.target != nil {
		m.approved(begin.target)
	}
	if s.Fault != noFault {
		m.store.arm(s.Fault, s.FaultAt)
	}
	var got outcome
	if s.Meanwhile == nil {
		got = m.do(s)
		m.begun(s.Who)
	} else {
		reached, proceed := m.store.hold(s.HoldAt)
		done := make(chan outcome, 1)
		go func() {
			defer func() {
				if p := recover(); p != nil {
					done <- outcome{panicked: p}
				}
			}()
			done <- m.do(s)
		}()
		select {
		case got = <-done:
			m.store.letGo()
			m.begun(s.Who)
			m.step(*s.Meanwhile)
		case <-reached:
			m.begun(s.Who)
			func() {
				defer close(proceed)
				m.step(*s.Meanwhile)
			}()
			got = <-done
			m.begun(s.Who)
		}
		if got.panicked != nil {
			panic(got.panicked)
		}
	}
	got.fault = m.store.disarm()
	m.learn(s, got, begin)
}

// A begin is what was so when a step began.
type begin struct {
	proofs map[string]*proof // of whose step it is
	login  *login
	epoch  uint64
	until  [2]time.Duration
	target *request // of a report
}

func (m *model) snapshot(s step) begin {
	a := m.who[s.Who]
	b := begin{proofs: make(map[string]*proof), login: a.login, epoch: m.epoch, until: a.until}
	for k, p := range a.proofs {
		b.proofs[k] = p
	}
	if n := len(m.requests) - 1 - s.N%3; n >= 0 {
		b.target = m.requests[n]
	}
	return b
}

// An outcome is what came of a step.
type outcome struct {
	answers  []apptest.Answer
	accepted bool   // a code, a report
	code     string // that was typed
	err      error
	fault    bool // the store failed
	panicked any
}

// do does what happens in a step.
func (m *model) do(s step) (got outcome) {
	app := m.nodes[s.Node]
	b := m.who[s.Who].b.On(app)
	answered := func(a apptest.Answer) apptest.Answer { got.answers = append(got.answers, a); return a }
	typed := func(code string) {
		got.code = code
		a := answered(b.PostJSON("/2fa/challenge/totp", codeJSON(code)))
		got.accepted = a.Status == 200 && a.JSON("verified") == true
	}
	switch s.Op {
	case opPage:
		answered(b.Get("/account"))
	case opRecent:
		answered(b.Get("/recent"))
	case opChallenge:
		for path, n := "/2fa/challenge", 0; path != "" && n < 3; n++ {
			path = answered(b.Get(path)).Location
		}
	case opStatus:
		answered(b.GetJSON("/2fa/challenge/status"))
	case opSend:
		if a := answered(b.Post("/2fa/challenge")); a.Location != "" {
			answered(b.Get(a.Location))
		}
	case opSendJSON:
		answered(b.PostJSON("/2fa/challenge", ""))
	case opContinue:
		if a := answered(b.Post("/2fa/challenge/continue")); a.Location != "" {
			answered(b.Get(a.Location))
		}
	case opCode:
		typed(apptest.Code(m.t, m.phone))
	case opReplay:
		if m.lastCode != "" {
			typed(m.lastCode)
		}
	case opWrongCode:
		typed("000000")
	case opApprove, opFalse:
		if n := len(m.requests) - 1 - s.N%3; n >= 0 {
			if _, ok := m.challenge(m.requests[n].Token); ok {
				reply, err := m.world.Emulator.Report(m.t.Context(), m.requests[n].Token, s.Op == opApprove)
				got.accepted = err == nil && reply.Status == 200
			}
		}
	case opLogin:
		answered(b.Post("/login", "email", alice))
	case opLogout:
		answered(b.Post("/logout"))
	case opPasswordChanged:
		got.err = app.Gate.PasswordChanged(m.t.Context(), apptest.UserID(alice))
	case opRevoke:
		got.err = app.Gate.Admin().Revoke(m.t.Context(), apptest.UserID(alice), "model")
	case opReplacePhone:
		m.replacePhone(b, &got)
	case opTime:
		m.pass(s.D)
	case opJump:
		m.clocks[s.Node].Set(s.D)
	case opRight:
		m.clocksRight()
	}
	return got
}

func (m *model) clocksRight() {
	for _, c := range m.clocks {
		c.Set(m.now().Sub(c.Now()))
	}
}

func (m *model) replacePhone(b *apptest.Browser, got *outcome) {
	former := m.account().Epoch
	uri, ok := b.PostJSON("/2fa/enable", codeJSON(apptest.Code(m.t, m.phone))).JSON("uri").(string)
	if !ok || m.phone.AddAccount(uri) != nil {
		return
	}
	b.PostJSON("/2fa/enable/confirm", codeJSON(apptest.Code(m.t, m.phone)))
	if got.accepted = m.account().Epoch != former; got.accepted {
		m.uri = uri
	} else if err := m.phone.AddAccount(m.uri); err != nil {
		m.t.Fatal(err)
	}
}

// begun notes the requests that have reached the phone since, and who began them.
func (m *model) begun(who person) {
	all := m.world.Emulator.Requests()
	for _, q := range all {
		known := false
		for _, r := range m.requests {
			known = known || r.Token == q.Token
		}
		if known {
			continue
		}
		c, _ := m.challenge(q.Token)
		r := &request{Request: q, began: map[person]bool{who: true}, by: m.who[who].login, browser: c.Browser}
		r.CreatedAt = m.now()
		m.share(r)
		m.checkBudget()
		for _, earlier := range m.requests {
			earlier.replaced = earlier.replaced || !earlier.approved
		}
		m.requests = append(m.requests, r)
	}
}

// share adds to who may have begun a request those who copied its browser's cookies
// after its secret was given out, right before it was begun.
func (m *model) share(r *request) {
	for p, a := range m.who {
		for name, value := range a.b.Cookies() {
			_, secret, _ := strings.Cut(value, ".") // after when it was made
			if strings.HasPrefix(name, "eagate-browser-") && factor.BrowserOf(secret) == r.browser {
				r.began[person(p)] = true
			}
		}
	}
}

// checkBudget looks how often the phone was asked in the last quarter of an hour.
func (m *model) checkBudget() {
	if m.cfg.Jumps {
		return
	}
	unused, hourly := 0, 0
	for _, r := range m.requests {
		c, _ := m.challenge(r.Token)
		if age := m.now().Sub(r.CreatedAt); age < 15*time.Minute && c.GrantID == "" {
			unused++
		} else if age < time.Hour {
			hourly++
		}
	}
	if unused >= 3 || unused+hourly >= 20 {
		m.fail("budget: the phone is asked after %d unused requests in 15 minutes, %d others in an hour", unused, hourly)
	}
}
