package middleware_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

// A person is a browser: of the account's owner, who has two, or of somebody else.
type person int

const (
	owner       person = iota
	ownersOther        // the owner's other browser
	knower             // knows the password
	cookieThief        // has a session cookie of one of the above
	jarThief           // has all cookies of one of the above, as they were
	persons            // how many there are
)

func (p person) String() string {
	return [...]string{"owner", "owner's other", "knower", "cookie thief", "jar thief"}[p]
}

// An op is what happens.
type op int

const (
	opPage op = iota
	opRecent
	opChallenge
	opStatus
	opSend
	opSendJSON
	opContinue
	opCode
	opReplay
	opWrongCode
	opApprove
	opFalse
	opLogin
	opNewBrowser
	opLogout
	opPasswordChanged
	opRevoke
	opReplacePhone
	opSteal
	opTime
	opJump
	opRight
	ops // how many there are
)

func (o op) String() string {
	return [...]string{
		"opens a page", "opens a page that wants a recent proof", "opens the challenge", "asks for the status",
		"asks for a new request", "asks for a new request as a program", "continues here", "types a code",
		"types a code that was typed before", "types a wrong code", "phone approves", "service reports false",
		"logs in", "takes a new browser", "logs out", "password changed", "operator revokes", "replaces the phone",
		"steals", "time passes", "clock jumps", "clocks are put right",
	}[o]
}

// A step is one of a walk.
type step struct {
	Op   op
	Who  person
	Node int
	N    int // which of several
	D    time.Duration

	Fault   fault
	FaultAt int

	// Meanwhile happens on the other node at the HoldAt-th access to the store.
	Meanwhile *step
	HoldAt    int
}

func (s step) String() string {
	text := fmt.Sprintf("node %d: ", s.Node)
	switch s.Op {
	case opApprove, opFalse:
		text += fmt.Sprintf("%v (request %d from the last)", s.Op, s.N%3)
	case opPasswordChanged, opRevoke, opRight:
		text += s.Op.String()
	case opTime, opJump:
		text += fmt.Sprintf("%v: %v", s.Op, s.D)
	case opSteal:
		text += fmt.Sprintf("%v steals from %v", s.thief(), s.victim())
	default:
		text += fmt.Sprintf("%v %v", s.Who, s.Op)
	}
	if s.Fault != noFault {
		text += fmt.Sprintf(" [%v at %d]", s.Fault, s.FaultAt)
	}
	if s.Meanwhile != nil {
		text += fmt.Sprintf(" [held at access %d: %v]", s.HoldAt, *s.Meanwhile)
	}
	return text
}

func (s step) thief() person  { return cookieThief + person(s.N&1) }
func (s step) victim() person { return person(s.N >> 1 % int(cookieThief)) }

// weights are how often each happens.
var weights = [ops]int{
	opPage: 14, opRecent: 4, opChallenge: 10, opStatus: 3, opSend: 3, opSendJSON: 2, opContinue: 3,
	opCode: 5, opReplay: 2, opWrongCode: 2, opApprove: 11, opFalse: 2, opLogin: 3, opNewBrowser: 2, opLogout: 3,
	opPasswordChanged: 2, opRevoke: 2, opReplacePhone: 1, opSteal: 6, opTime: 6, opJump: 3, opRight: 1,
}

func randomSteps(rng *rand.Rand, cfg walkConfig) []step {
	var steps []step
	for len(steps) < walkSteps {
		if rng.IntN(12) == 0 {
			steps = append(steps, likely(rng, cfg)...)
			continue
		}
		s := randomStep(rng, cfg)
		if rng.IntN(8) == 0 {
			s.Fault, s.FaultAt = fault(1+rng.IntN(int(faults)-1)), 1+rng.IntN(5)
		} else if rng.IntN(6) == 0 && s.isRequest() {
			other := randomStep(rng, cfg)
			other.Node = 1 - s.Node
			s.Meanwhile, s.HoldAt = &other, 1+rng.IntN(10)
		}
		steps = append(steps, s)
	}
	return steps
}

// likely are steps of which something may come that seldom follow one another by chance.
func likely(rng *rand.Rand, cfg walkConfig) []step {
	who, node := person(rng.IntN(int(cookieThief))), rng.IntN(2)
	page := step{Op: opPage, Who: who, Node: node}
	ends := step{Op: []op{opRevoke, opPasswordChanged, opLogout}[rng.IntN(3)], Who: who, Node: 1 - node}
	proven := []step{{Op: opChallenge, Who: who, Node: node}, {Op: opApprove, Node: 1 - node}}
	switch rng.IntN(3) {
	case 0: // something ends on another node, by another clock
		back := step{Op: opTime, D: 3 * time.Second}
		if cfg.Jumps {
			back = step{Op: opJump, Node: node, D: -time.Minute}
		}
		after := []step{page, {Op: opTime, D: 2 * time.Minute}, page, ends, back, {Op: opTime, D: 3 * time.Second}, page}
		return append(proven, after...)
	case 1: // while an approval is being used
		page.Meanwhile, page.HoldAt = &ends, 1+rng.IntN(10)
		return append(proven, page, step{Op: opTime, D: 3 * time.Second}, step{Op: opPage, Who: who, Node: node})
	}
	// a thief comes first
	thief := rng.IntN(2)
	steals := step{Op: opSteal, N: thief | int(who)<<1}
	return append(append(append([]step{steals}, proven...),
		step{Op: opPage, Who: cookieThief + person(thief), Node: node}), page)
}

func randomStep(rng *rand.Rand, cfg walkConfig) step {
	total := 0
	for _, w := range weights {
		total += w
	}
	s := step{Who: person(rng.IntN(int(persons))), Node: rng.IntN(2), N: rng.IntN(60)}
	n := rng.IntN(total)
	for n >= weights[s.Op] {
		n -= weights[s.Op]
		s.Op++
	}
	switch s.Op {
	case opJump:
		s.D = times(rng, time.Second, time.Minute, time.Hour, 3*time.Hour, 48*time.Hour)
		if rng.IntN(2) == 0 {
			s.D = -s.D
		}
		if !cfg.Jumps {
			s.Op, s.D = opTime, 30*time.Second
		}
	case opTime:
		s.D = times(rng, time.Second, 3*time.Second, 30*time.Second, 2*time.Minute, 6*time.Minute, 20*time.Minute)
	case opApprove: // the newest, most often
		s.N = max(0, s.N%6-3)
	case opCode, opReplacePhone, opLogin, opNewBrowser: // not by who doesn't know how to
		s.Who = s.Who % cookieThief
		if s.Op == opCode || s.Op == opReplacePhone {
			s.Who %= knower
		}
	}
	return s
}

// isRequest reports whether the step is a request of somebody, or a report.
func (s step) isRequest() bool {
	switch s.Op {
	case opTime, opJump, opRight, opSteal, opLogin, opNewBrowser, opReplacePhone, opPasswordChanged, opRevoke:
		return false
	}
	return true
}

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
			setup.Options = append(setup.Options, middleware.WithFalseResult(middleware.Rejection))
		}
		if cfg.Hold {
			setup.Options = append(setup.Options, middleware.WithHoldOnRejection())
		}
		m.nodes[i] = w.Node(t, setup)
	}
	m.phone = w.Emulator.Phone(alice)
	b := m.nodes[0].Browser(t).Login(alice)
	m.uri, _ = b.PostJSON("/2fa/enable", "").JSON("uri").(string)
	if err := m.phone.AddAccount(m.uri); err != nil {
		t.Fatal(err)
	}
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
	if err != nil {
		m.t.Fatal(err)
	}
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
	case opNewBrowser, opSteal, ops:
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

// numberOn finds the number that a page shows.
var numberOn = regexp.MustCompile(`(?:data-number="|id="number">)(\d+)`)

// learn looks whether what came of a step may be, and what may be from now on.
func (m *model) learn(s step, got outcome, begin begin) {
	a := m.who[s.Who]
	m.checkAnswers(s, got, begin)
	over := begin.login.over
	if epoch := m.account().Epoch; epoch != m.epoch {
		m.epoch = epoch
		m.forgetAll(s)
	}
	switch s.Op {
	case opCode, opReplay, opWrongCode:
		if s.Op == opCode {
			m.lastCode = got.code
		}
		m.checkCode(s, got, begin)
		// One that is accepted although all proofs were revoked meanwhile came after that.
		if s.Op != opWrongCode && !over && got.code != "" && (got.accepted || got.fault && begin.epoch == m.epoch) {
			m.prove(a, &proof{})
		}
	case opFalse:
		if r := begin.target; r != nil && got.accepted && !got.fault && !r.approved && !r.replaced {
			r.over = true
			if m.account().HeldSince != (time.Time{}) {
				m.interrupted()
			}
		}
	case opLogin:
		if a.login.over {
			a.login = new(login)
		}
	case opNewBrowser:
		a.b = m.nodes[0].Browser(m.t).Login(alice)
		a.login, a.proofs, a.until = new(login), make(map[string]*proof), [2]time.Duration{}
	case opLogout:
		m.loggedOut(s, got)
	case opPasswordChanged:
		if got.err == nil {
			m.interrupted()
		}
	case opReplacePhone:
		if got.accepted {
			m.prove(a, &proof{})
		}
	case opSteal:
		m.steal(s)
	case opPage, opRecent, opChallenge, opStatus, opSend, opSendJSON, opContinue, opApprove, opRevoke, opTime, opJump, opRight, ops:
	}
	m.age()
}

// prove notes that a person has given a proof.
func (m *model) prove(a *actor, p *proof) {
	m.proofs++
	p.at = m.now()
	a.proofs[fmt.Sprint(m.proofs)] = p
}

// approved notes that a request was approved, unless that counts for nothing.
func (m *model) approved(r *request) {
	if r.over || r.approved || r.replaced || r.by.over {
		return
	}
	r.approved = true
	for p := range r.began {
		m.prove(m.who[p], &proof{request: r})
	}
}

// forgetAll notes that nothing counts that was proved or begun before.
func (m *model) forgetAll(s step) {
	for _, a := range m.who {
		m.forget(a, s, func(*proof) bool { return true })
	}
	for _, r := range m.requests {
		r.over = true
	}
}

// forget notes that a person's proofs count no more: on the other node in two seconds, and
// on this one at once.
func (m *model) forget(a *actor, s step, which func(*proof) bool) {
	for k, p := range a.proofs {
		if which(p) {
			delete(a.proofs, k)
			other := 1 - s.Node
			a.until[other] = m.clocks[other].Elapsed() + 2*time.Second
		}
	}
}

// interrupted notes that nothing can be proved by what was begun before; approvals that
// were used stand.
func (m *model) interrupted() {
	for _, r := range m.requests {
		r.over = true
		if m.isUsed(r) {
			continue
		}
		for _, a := range m.who {
			for k, p := range a.proofs {
				if p.request == r {
					delete(a.proofs, k)
				}
			}
		}
	}
}

// loggedOut notes that a person has logged out, and that nobody gets in any more by what
// was proved in that session before it was stolen.
func (m *model) loggedOut(s step, got outcome) {
	if got.fault {
		return
	}
	a := m.who[s.Who]
	m.forget(a, s, func(*proof) bool { return true })
	if s.Who < cookieThief {
		a.login.over = true
		for _, other := range m.who {
			if other != a && other.login == a.login {
				m.forget(other, s, func(p *proof) bool { return p.stolen })
			}
		}
	}
}

// steal copies cookies, and with them what was proved before.
func (m *model) steal(s step) {
	thief, victim := m.who[s.thief()], m.who[s.victim()]
	*thief = actor{login: victim.login, proofs: make(map[string]*proof), until: victim.until}
	if s.thief() == cookieThief {
		thief.b = victim.b.Thief()
	} else {
		thief.b = victim.b.Copy()
		for _, r := range m.requests {
			if r.began[s.victim()] {
				r.began[s.thief()] = true
			}
		}
	}
	for k, p := range victim.proofs {
		// Who has copied all cookies before an approval was used may use it.
		own := p.request != nil && s.thief() == jarThief && p.request.began[jarThief] && !m.isUsed(p.request)
		thief.proofs[k] = &proof{at: p.at, request: p.request, stolen: !own}
	}
	for _, r := range m.requests {
		if s.thief() == cookieThief {
			delete(r.began, cookieThief)
		}
	}
}

// age notes that what wasn't used has run out.
func (m *model) age() {
	if m.cfg.Jumps {
		return
	}
	for _, a := range m.who {
		for k, p := range a.proofs {
			if r := p.request; r != nil && m.now().Sub(r.CreatedAt) >= 5*time.Minute+time.Second {
				if !m.isUsed(r) {
					delete(a.proofs, k)
				}
			}
		}
	}
	for _, r := range m.requests {
		r.over = r.over || m.now().Sub(r.CreatedAt) >= 5*time.Minute+time.Second
	}
}

// checkAnswers looks whether somebody was let in, or shown a number, who may not be.
func (m *model) checkAnswers(s step, got outcome, begin begin) {
	a := m.who[s.Who]
	node := s.Node
	grace := max(a.until[node], begin.until[node]) > m.clocks[node].Elapsed()
	for _, answer := range got.answers {
		if answer.Secret() && answer.Header.Get("X-User") != "" {
			switch {
			case grace:
			case len(a.proofs)+len(begin.proofs) == 0:
				m.fail("let in: %v", s.Who)
			case s.Op == opRecent && !m.isRecent(a.proofs) && !m.isRecent(begin.proofs):
				m.fail("recent: %v passes for somebody who has proved it lately", s.Who)
			}
		}
		number, _ := answer.JSON("number").(string)
		if match := numberOn.FindStringSubmatch(answer.Body); match != nil && match[1] != "" {
			number = match[1]
		}
		if number != "" && !m.mayShow(s.Who, number) {
			m.fail("number: %v is shown %s, of a request that another browser has begun", s.Who, number)
		}
	}
}

// isRecent reports whether one of the proofs was given lately.
func (m *model) isRecent(proofs map[string]*proof) bool {
	for _, p := range proofs {
		// An approval may have been used until the request ran out.
		if m.now().Sub(p.at) < 10*time.Minute+10*time.Second || m.cfg.Jumps && !p.stolen {
			return true
		}
	}
	return false
}

func (m *model) mayShow(who person, number string) bool {
	for _, r := range m.requests {
		if r.Number == number && r.began[who] {
			return true
		}
	}
	return false
}

// checkCode looks whether a code was accepted that may not be.
func (m *model) checkCode(s step, got outcome, begin begin) {
	a := m.who[s.Who]
	inside := len(a.proofs)+len(begin.proofs) > 0 || max(a.until[s.Node], begin.until[s.Node]) > m.clocks[s.Node].Elapsed()
	if !got.accepted || inside {
		return // or it wasn't looked at
	}
	if s.Op == opWrongCode {
		m.fail("code: a wrong one is accepted")
	}
	if m.codes[got.code] {
		m.fail("code: one is accepted twice")
	}
	if !got.fault {
		m.codes[got.code] = true
	}
}

// end looks whether the owner gets in, once all is right again.
func (m *model) end() {
	m.clocksRight()
	m.pass(25 * time.Hour)
	if !m.account().HeldSince.IsZero() {
		if err := m.nodes[0].Gate.PasswordChanged(m.t.Context(), apptest.UserID(alice)); err != nil {
			m.t.Fatal(err)
		}
	}
	b := m.nodes[0].Browser(m.t).Login(alice)
	b.Follow("/account")
	if _, err := m.phone.Approve(m.t.Context()); err != nil {
		m.fail("stuck: the owner's phone isn't asked: %v", err)
	}
	if a, at := b.On(m.nodes[1]).Follow("/account"); !a.Secret() {
		m.fail("stuck: the owner isn't let in by phone: %d at %s", a.Status, at)
	}
	b = m.nodes[1].Browser(m.t).Login(alice)
	if a := b.PostJSON("/2fa/challenge/totp", codeJSON(apptest.Code(m.t, m.phone))); a.Status != 200 {
		m.fail("stuck: the owner's code isn't accepted: %d %s", a.Status, a.Body)
	}
	if a := b.Get("/account"); !a.Secret() {
		m.fail("stuck: the owner isn't let in by code: %d", a.Status)
	}
}
