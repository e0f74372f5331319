package factor_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

var (
	alice = eagate.User{ID: "1", Email: "alice@example.com"}
	bob   = eagate.User{ID: "2", Email: "bob@example.com"}
	key   = []byte("0123456789abcdef0123456789abcdef")
)

// start is the beginning of a time step.
var start = time.Unix(1_800_000_000, 0).UTC()

// far is when the browser sessions end.
var far = start.Add(1000 * time.Hour)

// browser is the browser that all sessions are in.
const browser = "browser"

// session is the browser session with that ID.
func session(id string) factor.Session {
	return factor.Session{Binding: factor.Binding(id), Browsers: []string{browser}}
}

// A clock is set by hand.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	elapsed time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Add lets time pass.
func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.elapsed += max(d, 0)
}

// Elapsed is the monotonic clock, which Set doesn't move.
func (c *clock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.elapsed
}

var errDown = errors.New("service is down")

// A service remembers what it is asked and told.
type service struct {
	mu     sync.Mutex
	down   error
	starts int
	calls  int                      // of SyncStatus, in vain or not
	told   []client.Status          // in the order of taking effect
	view   map[string]client.Status // by e-mail address

	// creating runs in each CreateSession, after the phone was asked.
	creating func()

	// before runs in the next SyncStatus, before that takes effect.
	before func(client.Status)
}

func (s *service) setDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

func (s *service) CreateSession(context.Context, string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts++
	if s.down != nil {
		return "", s.down
	}
	if s.creating != nil {
		s.creating()
	}
	return fmt.Sprintf("token %d", s.starts), nil
}

func (s *service) SecretNumber(context.Context, string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "70", s.down
}

func (s *service) SyncStatus(_ context.Context, st client.Status) error {
	s.mu.Lock()
	s.calls++
	before, down := s.before, s.down
	s.before = nil
	s.mu.Unlock()
	if before != nil {
		before(st)
	}
	if down != nil {
		return down
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, st)
	if s.view == nil {
		s.view = make(map[string]client.Status)
	}
	s.view[st.Email] = st
	return nil
}

// history is what the service was told, in words.
func (s *service) history() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := ""
	for _, st := range s.told {
		text += map[bool]string{true: "+", false: "-"}[st.Enabled]
	}
	return text
}

func (s *service) asked() (starts, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.starts, s.calls
}

// A world is what several nodes share.
type world struct {
	store   *spyStore
	records *records.Records // of the store
	service *service
	clock   *clock
	keys    *keyring.Keyring
	log     logged
}

func newKeyring(t testing.TB, keys ...[]byte) *keyring.Keyring {
	t.Helper()
	ring := expect.Try(keyring.New(keys...)).OrFail(t)
	return ring
}

func newWorld(t testing.TB) *world {
	t.Helper()
	keys := newKeyring(t, key)
	w := &world{
		store: &spyStore{Backend: store.NewMemory()}, service: new(service),
		clock: &clock{now: start}, keys: keys,
	}
	w.records = records.New(w.store, keys)
	return w
}

// node returns the rules on a new node.
func (w *world) node(t testing.TB, changes ...func(*factor.Config)) *factor.Rules {
	t.Helper()
	cfg := factor.Config{
		Records: w.records, Service: w.service, Keys: w.keys, Issuer: "Acme", ClientID: "client", Now: w.clock.Now, Elapsed: w.clock.Elapsed,
		Log:          slog.New(slog.NewTextHandler(&w.log, nil)),
		RecoveryCost: cheap, EarlyWait: time.Millisecond,
	}
	for _, change := range changes {
		change(&cfg)
	}
	if cfg.Keys != w.keys {
		cfg.Records = records.New(w.store, cfg.Keys)
	}
	r := expect.Try(factor.New(cfg)).OrFail(t)
	return r
}

func (w *world) account(t testing.TB, user eagate.User) records.Account {
	t.Helper()
	a := expect.Try(w.records.Account(t.Context(), user.ID)).OrFail(t)
	return a
}

func (w *world) change(t testing.TB, user eagate.User, change func(*records.Account)) {
	t.Helper()
	expect.NoError(t, w.records.UpdateAccount(t.Context(), user.ID, func(a *records.Account) error { change(a); return nil }))
}

// A phone is an authenticator app.
type phone struct {
	t      testing.TB
	clock  *clock
	secret string
	opts   totp.ValidateOpts
}

func (p phone) at(when time.Time) string {
	p.t.Helper()
	code := expect.Try(totp.GenerateCodeCustom(p.secret, when, p.opts)).OrFail(p.t)
	return code
}

func (p phone) code() string { p.t.Helper(); return p.at(p.clock.Now()) }

// wrong is none of the codes that could be taken now.
func (p phone) wrong() string {
	p.t.Helper()
	now := p.clock.Now()
	step := time.Duration(p.opts.Period) * time.Second
	for n := 0; ; n++ {
		code := fmt.Sprintf("%0*d", p.opts.Digits, n)
		if code != p.at(now) && code != p.at(now.Add(-step)) && code != p.at(now.Add(step)) {
			return code
		}
	}
}

var algorithms = map[string]otp.Algorithm{
	"SHA1": otp.AlgorithmSHA1, "SHA256": otp.AlgorithmSHA256, "SHA512": otp.AlgorithmSHA512,
}

// stage begins an enrolment, and returns the phone that has scanned it.
func (w *world) stage(t testing.TB, r *factor.Rules, user eagate.User, s factor.Session, proof factor.Proof) phone {
	t.Helper()
	answer, err := r.Stage(t.Context(), user, s, browser, proof)
	if err != nil || answer.Result != factor.CodeAccepted {
		t.Fatalf("stage: got %v, %v, want accepted", answer, err)
	}
	e := expect.Try(r.Staged(t.Context(), user, s)).OrFail(t)
	return w.scan(t, e)
}

// scan returns a phone that has scanned what is staged.
func (w *world) scan(t testing.TB, e factor.Enrolment) phone {
	return phone{t, w.clock, e.Key.Secret, totp.ValidateOpts{
		Period: uint(e.Key.Period / time.Second), Digits: otp.Digits(e.Key.Digits),
		Algorithm: algorithms[e.Key.Algorithm],
	}}
}

// enrol switches the second factor on, and lets the code's step pass.
func (w *world) enrol(t testing.TB, r *factor.Rules, user eagate.User) (p phone, grant string) {
	t.Helper()
	p = w.stage(t, r, user, session("enrolment"), typed(t, r, user, ""))
	answer, grant, err := r.Confirm(t.Context(), user, session("enrolment"), w.proof(t, user, p.code()), far)
	if err != nil || answer.Result != factor.CodeAccepted {
		t.Fatalf("confirm: got %v, %v, want accepted", answer, err)
	}
	w.clock.Add(30 * time.Second)
	return p, grant
}

// verify tries a code in a session of its own.
func verify(t testing.TB, r *factor.Rules, user eagate.User, code string) (factor.CodeAnswer, string) {
	t.Helper()
	answer, grant, err := r.VerifyCode(t.Context(), user, session("login"), typed(t, r, user, code), far)
	expect.NoError(t, err)
	expect.Equal(t, grant != "", answer.Result == factor.CodeAccepted, "code %q: a grant", code)
	return answer, grant
}

// reEnrol switches the second factor off and on.
func (w *world) reEnrol(t testing.TB, r *factor.Rules) (phone, string) {
	t.Helper()
	if answer, err := r.Disable(t.Context(), alice, w.fresh(t, alice)); err != nil || answer.Result != factor.CodeAccepted {
		t.Fatalf("disable: got %v, %v, want accepted", answer, err)
	}
	return w.enrol(t, r, alice)
}

// fresh is the proof of a session that was verified just now.
func (w *world) fresh(t testing.TB, user eagate.User) factor.Proof {
	t.Helper()
	g := records.Grant{
		ID: rand.Text(), UserID: user.ID, Epoch: w.account(t, user).Epoch, Method: eagate.Push,
		VerifiedAt: w.clock.Now(), ExpiresAt: far,
	}
	expect.NoError(t, w.records.CreateGrant(t.Context(), g))
	return factor.Proof{Basis: factor.BasisOf(w.account(t, user)), Grant: g}
}

// wantCheck fails the test unless Check has that verdict.
func wantCheck(t testing.TB, r *factor.Rules, user eagate.User, grant string, want factor.Standing, when string) {
	t.Helper()
	got, _, err := r.Check(t.Context(), user.ID, grant)
	if err != nil || got != want {
		t.Errorf("%s: got verdict %v, %v, want %v", when, got, err, want)
	}
}

// A spyStore counts, fails on command, and lets tests step in between.
type spyStore struct {
	store.Backend
	mu      sync.Mutex
	asked   int
	written map[store.Kind]int // how often a document was put
	fault   error
	faultOf store.Kind // "" for all
	dirty   error      // of DeleteDue alone
	reading func()     // runs once, after the next read and before it returns
}

// setFault makes all accesses fail, and heals with nil.
func (s *spyStore) setFault(err error) { s.setFaultOf("", err) }

// setFaultOf makes the accesses to one kind fail.
func (s *spyStore) setFaultOf(kind store.Kind, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.faultOf = err, kind
}

func (s *spyStore) setDirty(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = err
}

func (s *spyStore) whileReading(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = f
}

func (s *spyStore) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *spyStore) writes(kind store.Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written[kind]
}

func (s *spyStore) enter(kind store.Kind) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.faultOf != "" && s.faultOf != kind {
		return nil
	}
	return s.fault
}

func (s *spyStore) leave() {
	s.mu.Lock()
	f := s.reading
	s.reading = nil
	s.mu.Unlock()
	if f != nil {
		f()
	}
}

func (s *spyStore) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if err := s.enter(kind); err != nil {
		return nil, err
	}
	defer s.leave()
	return s.Backend.Get(ctx, kind, ids...)
}

func (s *spyStore) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if err := s.enter(kind); err != nil {
		return 0, err
	}
	version, err := s.Backend.Put(ctx, kind, doc)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.written == nil {
			s.written = make(map[store.Kind]int)
		}
		s.written[kind]++
	}
	return version, err
}

func (s *spyStore) Due(ctx context.Context, kind store.Kind, now time.Time, limit int) ([]string, error) {
	if err := s.enter(kind); err != nil {
		return nil, err
	}
	return s.Backend.Due(ctx, kind, now, limit)
}

func (s *spyStore) List(ctx context.Context, kind store.Kind, after string, limit int) ([]store.Document, string, error) {
	if err := s.enter(kind); err != nil {
		return nil, "", err
	}
	return s.Backend.List(ctx, kind, after, limit)
}

func (s *spyStore) DeleteDue(ctx context.Context, kind store.Kind, now time.Time, limit int) (int, error) {
	err := s.enter(kind)
	s.mu.Lock()
	err = cmp.Or(err, s.dirty)
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return s.Backend.DeleteDue(ctx, kind, now, limit)
}

// proof is a code in a session that has proved the factor in force.
func (w *world) proof(t testing.TB, user eagate.User, code string) factor.Proof {
	t.Helper()
	g := records.Grant{ID: rand.Text(), UserID: user.ID, Epoch: w.account(t, user).Epoch, Method: eagate.TOTP, ExpiresAt: far}
	expect.NoError(t, w.records.CreateGrant(t.Context(), g))
	return factor.Proof{Basis: factor.BasisOf(w.account(t, user)), Grant: g, Code: code}
}

// byDevice makes a grant one that another device, which the user trusts, has brought.
func (w *world) byDevice(t testing.TB, user eagate.User, g records.Grant) {
	t.Helper()
	w.change(t, user, func(a *records.Account) {
		a.Devices = append(a.Devices, records.Device{ID: "another", ExpiresAt: far})
	})
	err := w.records.UpdateGrant(t.Context(), g.ID, func(g *records.Grant) error {
		g.Method, g.Device = eagate.TrustedDevice, "another"
		return nil
	})
	expect.NoError(t, err)
}

// typed is a code in a locked session.
func typed(t testing.TB, r *factor.Rules, user eagate.User, code string) factor.Proof {
	t.Helper()
	b := expect.Try(r.Basis(t.Context(), user.ID)).OrFail(t)
	return factor.Proof{Basis: b, Code: code}
}

// accountOf returns the user's account as a node has it.
func accountOf(t testing.TB, r *factor.Rules, user eagate.User) records.Account {
	t.Helper()
	acct := expect.Try(r.Account(t.Context(), user.ID)).OrFail(t)
	return acct
}

// look returns the challenge of the user's session.
func look(t testing.TB, r *factor.Rules, user eagate.User, s factor.Session) (factor.View, error) {
	t.Helper()
	return r.Look(t.Context(), accountOf(t, r, user), s)
}

// logged keeps what several nodes log.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *logged) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *logged) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}
