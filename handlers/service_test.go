package handlers_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/gatetest"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// quick is a client that doesn't wait long for a service that keeps silent.
func quick(opts ...client.Option) gatetest.Setup {
	return gatetest.Setup{Client: append([]client.Option{client.WithTimeout(250 * time.Millisecond)}, opts...)}
}

// wantCodeOnly fails the test unless the session was led to type a code, and
// gets in by one.
func wantCodeOnly(t *testing.T, name string, b *gatetest.Browser, phone *emulator.Phone) {
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
	wantGuess(t, name, b, totp, gatetest.Code(t, phone), "accepted")
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
				app := gatetest.New(t, quick())
				phone := app.Enrolled(t, alice)
				app.Emulator.Misbehave(op, fault, 0)
				b := app.Browser(t).Login(alice)
				if a := b.Get("/account"); a.Status != http.StatusSeeOther || a.Location != "/2fa/challenge" {
					t.Fatalf("first page: got %d to %q, want 303 to the challenge", a.Status, a.Location)
				}
				for _, r := range app.Emulator.Requests() { // that the phone did get, perhaps
					if _, err := app.Emulator.Report(t.Context(), r.Token, true); err != nil {
						t.Error(err)
					}
				}
				wantCodeOnly(t, name, b, phone)
			})
		}
	}
	t.Cleanup(func() {
		if n := elsewhere.Load(); n != 0 {
			t.Errorf("got %d calls to where a redirect led, want 0", n)
		}
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
	app := gatetest.New(t, gatetest.Setup{Client: []client.Option{
		client.WithHTTPClient(&http.Client{Transport: h}), client.WithTimeout(time.Minute), client.WithAttempts(1),
	}})
	phone := app.Enrolled(t, alice)
	theirs := app.Enrolled(t, bob)
	browsers := make([]*gatetest.Browser, 30)
	for i := range browsers {
		browsers[i] = app.Browser(t).Login(alice)
		browsers[i].GetJSON("/account") // opens the connection
	}
	app.Browser(t).Login(bob).GetJSON("/account")
	before := runtime.NumGoroutine()
	var waiting sync.WaitGroup
	answered := make(chan struct{}, len(browsers))
	for _, b := range browsers {
		waiting.Go(func() {
			defer func() { answered <- struct{}{} }()
			if a := b.Get("/account"); a.Location != "/2fa/challenge" {
				t.Errorf("a login that waited: got %d to %q, want 303 to the challenge", a.Status, a.Location)
			}
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
	wantGuess(t, "another user meanwhile", b, totp, gatetest.Code(t, theirs), "accepted")
	b.WantIn("another user meanwhile")
	mine := app.Browser(t).Login(alice)
	wantGuess(t, "the same user meanwhile", mine, totp, gatetest.Code(t, phone), "accepted")
	mine.WantIn("the same user meanwhile")
	wantGuess(t, "switching off meanwhile", mine, "/2fa/disable", "", "accepted")
	mine.Enrol(alice)
	if n := runtime.NumGoroutine() - before; n > 10*len(browsers) {
		t.Errorf("got %d goroutines for %d waiting logins", n, len(browsers))
	}
	close(h.free)
	waiting.Wait()
	if n := len(h.came); n != 0 {
		t.Errorf("got %d calls of one user at once, want 3", n+3)
	}
	for _, b := range browsers {
		b.WantLocked("after the wait")
	}
}

// A call ends with its time, and the circuit opens.
func TestA35_TimeLimit(t *testing.T) {
	t.Parallel()
	app := gatetest.New(t, gatetest.Setup{Client: []client.Option{
		client.WithTimeout(100 * time.Millisecond), client.WithCircuit(2, time.Hour),
	}})
	phone := app.Enrolled(t, alice)
	app.Emulator.Misbehave(emulator.AnyOp, emulator.SilentFault(), 0)
	for range 6 {
		begun := time.Now()
		b := app.Stopped(t, alice)
		if d := time.Since(begun); d > 3*time.Second {
			t.Errorf("got an answer after %v, want it within the time limit of 100ms, or a little more", d)
		}
		wantCodeOnly(t, "silent", b, phone)
		app.Clock.Add(gatetest.Step)
	}
	if n := len(app.Emulator.Calls(emulator.CreateSession)); n != 2 {
		t.Errorf("got %d calls of 6 logins, want 2 and then none", n)
	}
}

// With the service down, only a code gets in, and nothing without one.
func TestA36_ServiceDown(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(app *gatetest.App){
		"switched off":  func(app *gatetest.App) { app.Emulator.SetActive(false) },
		"no push":       func(app *gatetest.App) { app.Emulator.SetPush(alice, false) },
		"broken":        func(app *gatetest.App) { app.Emulator.Misbehave(emulator.AnyOp, emulator.StatusFault(503), 0) },
		"not listening": func(app *gatetest.App) { app.Emulator.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := gatetest.New(t, quick())
			phone := app.Enrolled(t, alice)
			down(app)
			wantCodeOnly(t, name, app.Stopped(t, alice), phone)
			app.Clock.Add(gatetest.Step)

			// The code is the only way in: without a good secret, there is none.
			code := gatetest.Code(t, phone)
			app.ChangeAccount(t, alice, func(a *store.Account) { a.Factor.Secret = nil })
			b := app.Stopped(t, alice)
			wantGuess(t, name+", no secret", b, totp, code, "unavailable")
			if a := b.PostJSON("/2fa/challenge", ""); a.Status == http.StatusOK || a.Status == http.StatusCreated {
				t.Errorf("%s: a new challenge: got %d", name, a.Status)
			}
			b.WantLocked(name + ", no secret")
		})
	}
}

// statusCalls are the reports that took effect at the service.
func statusCalls(t *testing.T, w *gatetest.World) (actions string) {
	t.Helper()
	for _, c := range w.Emulator.Calls(emulator.SyncStatus) {
		var body struct{ Action string }
		if c.Code == "SUCCESS" && c.Fault == "" {
			if err := json.Unmarshal(c.Body, &body); err != nil {
				t.Fatal(err)
			}
			actions += map[string]string{"ENABLE": "+", "DISABLE": "-"}[body.Action]
		}
	}
	return actions
}

// wantTold fails the test unless the service knows how the user stands.
func wantTold(t *testing.T, w *gatetest.World, email string) {
	t.Helper()
	acct := w.Account(t, email)
	var at emulator.User
	for _, u := range w.Emulator.Users() {
		if u.Email == email {
			at = u
		}
	}
	if acct.Sync.Late() || at.Enabled != (acct.State == store.On) {
		t.Errorf("got late %t, %t at the service, want it told that it is %v", acct.Sync.Late(), at.Enabled, acct.State)
	}
	if acct.State == store.On && at.Secret != gatetest.Base32(w.Secret(t, email)) {
		t.Error("the service has another secret")
	}
}

// What a node that is gone couldn't tell the service is told by another over
// the same store: once in effect, and in order.
func TestA37_NodeGone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault emulator.Fault
		steps string // + enable, - disable, while the service is down
		want  string
	}{
		{"enable", emulator.StatusFault(503), "+", "+"},
		{"enable, disable", emulator.StatusFault(503), "+-", "-"},
		{"enable, disable, enable", emulator.SilentFault(), "+-+", "+"},
		{"not heard", emulator.ResetFault(), "+", "+"},
	} {
		world := gatetest.NewWorld(t)
		world.Emulator.Misbehave(emulator.SyncStatus, c.fault, 0)
		node := world.Node(t, quick())
		b := node.Browser(t).Login(alice)
		for _, step := range c.steps {
			if step == '+' {
				b.Enrol(alice)
			} else if a := b.Post("/2fa/disable"); a.Status != http.StatusOK {
				t.Fatalf("%s: disable: got %d", c.name, a.Status)
			}
		}
		if got := statusCalls(t, world); got != "" || !world.Account(t, alice).Sync.Late() {
			t.Fatalf("%s: got told %q while the service is down", c.name, got)
		}
		if a := b.GetJSON("/2fa/"); a.JSON("service_late_since") == nil {
			t.Errorf("%s: got %s, want it to say that the service doesn't know yet", c.name, a.Body)
		}
		world.Emulator.Behave()
		world.Clock.Add(time.Hour)
		world.Sync(t)
		world.Sync(t)
		wantTold(t, world, alice)
		if got := statusCalls(t, world); got != c.want {
			t.Errorf("%s: got told %q, want %q", c.name, got, c.want)
		}
		if a := b.GetJSON("/2fa/"); a.JSON("service_late_since") != nil {
			t.Errorf("%s: got %s, want nothing late", c.name, a.Body)
		}
	}
}

// A crash right after the local change, before anything was told.
func TestA37_Crash(t *testing.T) {
	t.Parallel()
	world := gatetest.NewWorld(t)
	spy := &crashing{Store: world.Store.Store}
	world.Store.Store = spy
	node := world.Node(t)
	b := node.Browser(t).Login(alice)
	phone := stage(t, b, alice)
	spy.after.Store(true)
	b.PostJSON("/2fa/enable/confirm", `{"code":"`+gatetest.Code(t, phone)+`"}`)
	world.Store.Store = spy.Store // the next node's
	if a := world.Account(t, alice); a.State != store.On || !a.Sync.Late() {
		t.Fatalf("got %v, late %t, want it on and late", a.State, a.Sync.Late())
	}
	next := world.Node(t)
	world.Sync(t)
	wantTold(t, world, alice)
	if got := statusCalls(t, world); got != "+" {
		t.Errorf("got told %q, want +", got)
	}
	world.Clock.Add(gatetest.Step)
	wantGuess(t, "a login afterwards", next.Browser(t).Login(alice), totp, gatetest.Code(t, phone), "accepted")
}

// A crashing store takes one more change of an account, and then nothing.
type crashing struct {
	store.Store
	after atomic.Bool
	gone  atomic.Bool
}

func (s *crashing) UpdateAccount(ctx context.Context, id string, change func(*store.Account) error) error {
	if s.gone.Load() {
		return gatetest.ErrFault
	}
	err := s.Store.UpdateAccount(ctx, id, change)
	if s.after.Load() {
		s.gone.Store(true)
	}
	return err
}

func (s *crashing) CreateGrant(ctx context.Context, g store.Grant) error {
	if s.gone.Load() {
		return gatetest.ErrFault
	}
	return s.Store.CreateGrant(ctx, g)
}

// Run tells the service what is due, from the store alone.
func TestA37_Run(t *testing.T) {
	sessions := scs.New() // which starts a goroutine
	sessions.Store = memstore.NewWithCleanupInterval(0)
	synctest.Test(t, func(t *testing.T) {
		emu := emulator.New(emulator.Config{})
		accounts := store.NewMemory()
		secret := []byte("12345678901234567890")
		err := accounts.UpdateAccount(t.Context(), gatetest.UserID(alice), func(a *store.Account) error {
			a.State, a.Email = store.On, alice
			a.Factor = store.Factor{Secret: gatetest.Seal(t, secret, alice), Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}
			a.Sync = store.Sync{Wanted: 1, Since: time.Now(), NextAt: time.Now()}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		gate, err := middleware.New(
			middleware.WithSessions(sessions), middleware.WithStore(accounts), middleware.WithIssuer("Acme"),
			middleware.WithInsecureCookie(), middleware.WithKey(gatetest.Key), middleware.WithLogger(slog.New(slog.DiscardHandler)),
			middleware.WithUser(func(*http.Request) (middleware.User, bool) { return middleware.User{}, false }),
			middleware.WithService(client.New(emu.ClientID(), emu.APIKey(), append(emulator.ClientOptions("http://localhost:1"),
				client.WithHTTPClient(&http.Client{Transport: direct{emu}}))...)),
		)
		if err != nil {
			t.Fatal(err)
		}
		emu.Misbehave(emulator.SyncStatus, emulator.StatusFault(503), 0)
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			gate.Run(ctx)
		}()
		pass := func(d time.Duration) {
			time.Sleep(d) // of the bubble's clock
			synctest.Wait()
		}
		pass(time.Minute)
		if calls := emu.Calls(emulator.SyncStatus); len(calls) == 0 || len(emu.Users()) != 0 {
			t.Errorf("while down: got %d calls, %d users told", len(calls), len(emu.Users()))
		}
		emu.Behave()
		pass(time.Hour)
		users := emu.Users()
		if len(users) != 1 || !users[0].Enabled || users[0].Secret != gatetest.Base32(secret) {
			t.Errorf("got %d users, want alice with her secret", len(users))
		}
		calls := len(emu.Calls(emulator.SyncStatus))
		pass(time.Hour)
		if got := len(emu.Calls(emulator.SyncStatus)); got != calls {
			t.Errorf("got %d calls more when all was told", got-calls)
		}
		cancel()
		<-stopped
	})
}

// direct calls a handler without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	d.ServeHTTP(w, in)
	return w.Result(), nil
}

// secrets are texts that must not come up, by name.
type secrets map[string]string

func (s secrets) add(name string, secret []byte) {
	s[name] = string(secret)
	s[name+", hexadecimal"] = hex.EncodeToString(secret)
	s[name+", base64"] = base64.StdEncoding.EncodeToString(secret)
	s[name+", base64url"] = base64.RawURLEncoding.EncodeToString(secret)
	s[name+", decimal"] = strings.Trim(fmt.Sprint(secret), "[]")
}

func (s secrets) wantNone(t *testing.T, where, text string) {
	t.Helper()
	for name, secret := range s {
		if strings.Contains(text, secret) {
			t.Errorf("%s: found the %s", where, name)
		}
	}
}

var timestamps = regexp.MustCompile(`"time":"[^"]*"`)

// A recorder keeps what a store was given, in the plain and in JSON.
type recorder struct {
	store.Store
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *recorder) record(v any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j, _ := json.Marshal(v)
	fmt.Fprintf(&r.text, "%s\n%s\n%+v\n", j, v, v)
}

func (r *recorder) UpdateAccount(ctx context.Context, id string, change func(*store.Account) error) error {
	return r.Store.UpdateAccount(ctx, id, func(a *store.Account) error {
		err := change(a)
		r.record(a.Clone())
		return err
	})
}

func (r *recorder) CreateChallenge(ctx context.Context, c store.Challenge) error {
	r.record(c)
	return r.Store.CreateChallenge(ctx, c)
}

func (r *recorder) UpdateChallenge(ctx context.Context, id string, change func(*store.Challenge) error) error {
	return r.Store.UpdateChallenge(ctx, id, func(c *store.Challenge) error {
		err := change(c)
		r.record(*c)
		return err
	})
}

func (r *recorder) CreateGrant(ctx context.Context, g store.Grant) error {
	r.record(g)
	return r.Store.CreateGrant(ctx, g)
}

// Nothing secret is logged, told to others, or kept in plain, whatever happens.
func TestA38_Secrets(t *testing.T) {
	t.Parallel()
	world := gatetest.NewWorld(t)
	rec := &recorder{Store: world.Store.Store}
	world.Store.Store = rec
	app := world.Node(t, quick(client.WithSecretOnDisable()), gatetest.Setup{
		// So many digits don't come about by chance.
		Options: []middleware.Option{middleware.WithTOTP("SHA256", 8, 30*time.Second)},
		Routes: func(_ *gatetest.App, mux *http.ServeMux) {
			mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		},
	})
	hidden := make(secrets)
	hidden.add("API key", []byte(world.Emulator.APIKey()))
	hidden.add("sealing key", gatetest.Key)
	callback := app.Gate.CallbackURL("")
	hidden.add("callback secret", []byte(callback[strings.LastIndexByte(callback, '/')+1:]))
	var codes []string
	use := func(code string) string { codes = append(codes, code); return code }
	keep := func(b *gatetest.Browser) {
		if grant := b.Cookie("eagate"); grant != "" {
			hidden.add("grant "+grant[:4], []byte(grant))
		}
	}

	// Enrolling, with mistakes, while the service is down.
	world.Emulator.Misbehave(emulator.SyncStatus, emulator.EnvelopeFault(400, "INVALID_REQUEST", "bad key "+world.Emulator.APIKey()), 0)
	b := app.Browser(t).Login(alice)
	phone := stage(t, b, alice)
	account := world.Emulator.Accounts()[0]
	hidden.add("TOTP secret in Base32", []byte(account.Secret))
	guess(t, b, "/2fa/enable/confirm", use("12345678"))
	guess(t, b, "/2fa/enable/confirm", "no code at all")
	wantGuess(t, "enrol", b, "/2fa/enable/confirm", use(gatetest.Code(t, phone)), "accepted")
	hidden.add("TOTP secret", world.Secret(t, alice))
	keep(b)
	world.Emulator.Behave()

	// Logging in: wrong, used and right codes, damage and broken stores.
	world.Clock.Add(gatetest.Step)
	b = app.Browser(t).Login(alice)
	guess(t, b, totp, use("87654321"))
	guess(t, b, totp, use(gatetest.Code(t, phone)))
	guess(t, app.Browser(t).Login(alice), totp, codes[len(codes)-1])
	keep(b)
	world.Clock.Add(gatetest.Step)
	whole := world.Account(t, alice).Factor
	world.ChangeAccount(t, alice, func(a *store.Account) { a.Factor.Algorithm = "MD5" })
	guess(t, app.Browser(t).Login(alice), totp, use(gatetest.Code(t, phone)))
	world.ChangeAccount(t, alice, func(a *store.Account) { a.Factor = whole })
	thief := app.Browser(t).Login(alice)
	world.Store.Fail(gatetest.All)
	guess(t, thief, totp, use(gatetest.Code(t, phone)))
	world.Store.Fail(0)

	// The phone: a broken service, an approval, a rejection, reports that come
	// too late, from nowhere, or are malformed.
	world.Emulator.Misbehave(emulator.SecretNumber, emulator.EnvelopeFault(400, "INVALID_REQUEST", "no such token"), 1)
	app.Stopped(t, alice)
	b = app.Stopped(t, alice)
	gatetest.Approve(t, phone)
	b.WantIn("by push")
	keep(b)
	b = app.Stopped(t, alice)
	pending := phone.Pending()
	token := pending[len(pending)-1].Token
	world.Store.Fail(gatetest.All)
	if _, err := world.Emulator.Report(t.Context(), token, true); err != nil {
		t.Error(err)
	}
	world.Store.Fail(0)
	gatetest.Deny(t, phone)
	if _, err := world.Emulator.Report(t.Context(), token, true); err != nil {
		t.Error(err)
	}
	for _, q := range []string{"?result=maybe&session_token=" + token, "?session_token=" + token, "/x?result=true&session_token=" + token} {
		app.Browser(t).Get(callback + q)
	}
	b.Do("PUT", callback+"?session_token="+token, "")
	world.Scs.FailCommits(1)
	world.Clock.Add(gatetest.Step)
	guess(t, b, totp, use(gatetest.Code(t, phone)))
	world.Scs.FailCommits(0)
	for _, r := range world.Emulator.Requests() {
		hidden.add("session token "+r.ID, []byte(r.Token))
	}
	for i, code := range codes {
		hidden[fmt.Sprintf("code %d", i)] = code
	}

	// Others: nobody, somebody else, and who only has the password.
	for name, other := range map[string]*gatetest.Browser{
		"nobody": app.Browser(t), "bob": app.Browser(t).Login(bob), "a thief of the password": thief,
	} {
		for _, path := range []string{
			"/account", "/2fa/", "/2fa/enable", "/2fa/challenge", "/2fa/challenge/status", "/2fa/nothing", "/2fa/callback/x", "/open/x",
		} {
			for _, a := range []gatetest.Answer{other.Get(path), other.GetJSON(path), other.Post(path, "code", "x")} {
				hidden.wantNone(t, fmt.Sprintf("%s at %s", name, path), fmt.Sprint(a.Header)+a.Body)
			}
		}
		keep(other)
	}

	// A handler that panics, and switching off, while the service is down.
	b = app.Browser(t).Login(alice)
	world.Clock.Add(gatetest.Step)
	guess(t, b, totp, use(gatetest.Code(t, phone)))
	keep(b)
	if res, err := http.Get(app.URL + "/panic"); err == nil {
		res.Body.Close()
	}
	world.Emulator.Misbehave(emulator.SyncStatus, emulator.HTMLFault(), 0)
	wantGuess(t, "disable", b, "/2fa/disable", "", "accepted")
	world.Emulator.Behave()
	world.Clock.Add(time.Hour)
	world.Sync(t)

	log := timestamps.ReplaceAllString(world.Log.String(), "")
	for _, line := range []string{
		"couldn't be told of a change", "was told of a change", "request refused because of a fault", "phone couldn't be asked",
		"callback not taken", "its challenge is over",
	} {
		if !strings.Contains(log, line) {
			t.Errorf("the log doesn't say %q:\n%s", line, log)
		}
	}
	hidden.wantNone(t, "log", log)
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.text.Len() < 10_000 {
		t.Errorf("got %d bytes of records, want all of them", rec.text.Len())
	}
	hidden.wantNone(t, "store", rec.text.String())
}

// Where the routes are guarded by mistake, the callback's path isn't logged
// either.
func TestA38_CallbackGuardedByMistake(t *testing.T) {
	t.Parallel()
	world := gatetest.NewWorld(t)
	b := world.Node(t).Browser(t).Login(alice)
	mistaken := world.Node(t, gatetest.Setup{Wrap: func(app *gatetest.App, _ http.Handler) http.Handler {
		return app.Sessions.LoadAndSave(app.Gate.Require(app.Gate.Routes()))
	}})
	callback := mistaken.Gate.CallbackURL("")
	world.Store.Fail(gatetest.All)
	for _, a := range []gatetest.Answer{b.On(mistaken).Get(callback), b.On(mistaken).GetJSON(callback), b.On(mistaken).Post(callback)} {
		if a.Status != http.StatusServiceUnavailable {
			t.Errorf("got %d, want 503", a.Status)
		}
	}
	if got := strings.Count(world.Log.String(), "request refused because of a fault"); got != 3 {
		t.Errorf("got %d lines for 3 refusals", got)
	}
	hidden := secrets{"callback secret": callback[strings.LastIndexByte(callback, '/')+1:]}
	hidden.wantNone(t, "log", world.Log.String())
}

// Nothing that prints a gate shows what it holds.
func TestA38_GatePrinted(t *testing.T) {
	t.Parallel()
	app := gatetest.New(t)
	hidden := make(secrets)
	hidden.add("API key", []byte(app.Emulator.APIKey()))
	hidden.add("sealing key", gatetest.Key)
	callback := app.Gate.CallbackURL("")
	hidden.add("callback secret", []byte(callback[strings.LastIndexByte(callback, '/')+1:]))
	c := app.Emulator.Client()
	type config struct {
		Gate   *middleware.Gate
		Client *client.Client
		gate   *middleware.Gate
		client *client.Client
	}
	values := []any{
		app.Gate, c, config{app.Gate, c, app.Gate, c}, &config{app.Gate, c, app.Gate, c}, []any{app.Gate, c},
		map[string]any{"gate": app.Gate, "client": c}, middleware.WithKey(gatetest.Key), app.Gate.Routes(),
		app.Gate.Handler(http.NotFoundHandler()),
	}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			hidden.wantNone(t, fmt.Sprintf("%s of %T", verb, v), text)
			if strings.Contains(text, "gcm.GCM=") {
				t.Errorf("%s of %T shows a cipher", verb, v)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		hidden.wantNone(t, fmt.Sprintf("log of %T", v), log.String())
	}
	// Nor does what New says of what is wrong.
	_, err := middleware.New(middleware.WithKey(gatetest.Key[:31], []byte("another secret key")), middleware.WithService(client.New("\n", app.Emulator.APIKey()+"\n")))
	if err == nil || strings.Contains(err.Error(), string(gatetest.Key[:31])) || strings.Contains(err.Error(), "another") ||
		strings.Contains(err.Error(), app.Emulator.APIKey()) {
		t.Errorf("got %v", err)
	}
}

// A sealed secret in another user's row opens nothing.
func TestA38_SecretMovedToAnotherUser(t *testing.T) {
	t.Parallel()
	const carol = "carol@example.com" // as long as alice
	app := gatetest.New(t)
	phone := app.Enrolled(t, alice)
	app.Enrolled(t, carol)
	mine := app.Account(t, alice).Factor
	app.ChangeAccount(t, carol, func(c *store.Account) { c.Factor.Secret = slices.Clone(mine.Secret) })
	app.Clock.Add(gatetest.Step)
	b := app.Browser(t).Login(carol)
	wantGuess(t, "carol by alice's secret", b, totp, gatetest.Code(t, phone), "unavailable")
	b.WantLocked("by another user's secret")
}
