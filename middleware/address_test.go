package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// A town is an application whose users have e-mail addresses that change.
type town struct {
	*apptest.App
	mu     sync.Mutex
	emails map[string]string // by user ID
}

func newTown(t testing.TB, opts ...middleware.Option) *town {
	t.Helper()
	town := &town{emails: make(map[string]string)}
	town.move(alice, "shared@example.com")
	town.move(bob, " Shared@EXAMPLE.com")
	user := func(r *http.Request) (middleware.User, error) {
		id := town.Sessions.GetString(r.Context(), apptest.KeyUser)
		return middleware.User{ID: id, Email: town.email(id)}, nil
	}
	options := append([]middleware.Option{middleware.WithUser(user)}, opts...)
	town.App = apptest.New(t, apptest.Setup{Options: options})
	return town
}

func (w *town) email(userID string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.emails[userID]
}

func (w *town) move(name, email string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.emails[apptest.UserID(name)] = email
}

// A resident is a user at a browser, with a phone whose codes are its own.
type resident struct {
	*apptest.Browser
	town  *town
	name  string
	phone emulator.Account
	uri   string
}

// stage scans a new QR code.
func (r *resident) stage(t testing.TB) {
	t.Helper()
	body := ""
	if r.phone.Secret != "" {
		r.town.Clock.Add(2 * apptest.Step) // the last code was used
		body = `{"code":"` + r.code(t) + `"}`
	}
	a := r.PostJSON("/2fa/enable", body)
	r.uri, _ = a.JSON("uri").(string)
	phone, err := emulator.ParseAccount(r.uri)
	if err != nil {
		t.Fatalf("stage: %v; answer %d %s", err, a.Status, a.Body)
	}
	r.phone = phone
}

func (r *resident) code(t testing.TB) string {
	t.Helper()
	code := expect.Try(r.phone.Code(r.town.Clock.Now())).OrFail(t)
	return code
}

func (r *resident) confirm(t testing.TB) apptest.Answer {
	t.Helper()
	return r.PostJSON("/2fa/enable/confirm", `{"code":"`+r.code(t)+`"}`)
}

// enrolled is a user who has just set up a phone.
func (w *town) enrolled(t testing.TB, name string) *resident {
	t.Helper()
	r := &resident{Browser: w.Browser(t).Login(name), town: w, name: name}
	r.setUp(t)
	return r
}

// setUp sets up a phone.
func (r *resident) setUp(t testing.TB) {
	t.Helper()
	r.stage(t)
	r.confirm(t).Want(t, http.StatusOK, "confirm")
	r.town.Clock.Add(apptest.Step)
}

// wantPush fails the test unless signing in asks a phone at that address, or none if
// it is empty; then a code has to do.
func (r *resident) wantPush(t testing.TB, when, email string) {
	t.Helper()
	r.town.Clock.Add(20 * time.Minute) // for the phone to be asked again
	before := len(r.town.Emulator.Requests())
	b := r.town.Stopped(t, r.name)
	b.Get("/2fa/challenge")
	asked := r.town.Emulator.Requests()[before:]
	switch {
	case email != "" && (len(asked) != 1 || asked[0].Email != email):
		t.Errorf("%s: got %d requests, want one to %s", when, len(asked), email)
	case email != "":
		apptest.Approve(t, r.town.Emulator.Phone(email))
		b.WantIn(when)
	case len(asked) != 0:
		t.Errorf("%s: got a request to %s, want none", when, asked[0].Email)
	default:
		a := b.PostJSON("/2fa/challenge", "")
		forGood := a.Status == http.StatusConflict && a.JSON("type") == "urn:eagate:problem:no-push" && a.Header.Get("Retry-After") == ""
		forNow := a.Status == http.StatusServiceUnavailable && a.JSON("type") == "urn:eagate:problem:push-unavailable" && a.Header.Get("Retry-After") != ""
		if !forGood && !forNow {
			t.Errorf("%s: a program: got %d %s, want no-push, or push-unavailable for a while", when, a.Status, a.Body)
		}
		b.WantLocked(when)
		b.Post("/2fa/challenge/totp", "code", r.code(t)).Want(t, http.StatusSeeOther, "%s: a code", when)
		b.WantIn(when + ", by a code")
	}
}

// wantAtService fails the test unless the service has that phone switched on at the
// address, or none.
func (w *town) wantAtService(t testing.TB, when, email string, r *resident) {
	t.Helper()
	w.Sync(t)
	got, _ := w.Emulator.Status(email)
	if r == nil && got.Enabled {
		t.Errorf("%s: the service has %s on, it off", when, email)
	}
	if r != nil && (!got.Enabled || got.Secret != r.phone.Secret) {
		t.Errorf("%s: the service has %s on: %t, it with the phone of %s", when, email, got.Enabled, r.name)
	}
}

// Of two users with one address, the first can be asked, and the second one's sign-ins
// ask nobody; whatever the second does changes nothing for the first.
func TestA47_OneAddressForTwo(t *testing.T) {
	t.Parallel()
	for _, spelling := range []string{"shared@example.com", " SHARED@example.COM\t", "ｓｈａｒｅｄ@example.com"} {
		town := newTown(t)
		town.move(bob, spelling)
		first := town.enrolled(t, alice)
		second := town.enrolled(t, bob)
		if strings.Contains(second.uri, "client_id") || strings.Contains(second.uri, "email") {
			t.Errorf("%q: the second QR code lets requests in", spelling)
		}
		page := second.Get("/2fa/").Body + second.GetJSON("/2fa/").Body
		expect.Lacks(t, page, apptest.UserID(alice), "%q: the second user is told who holds the address", spelling)
		if !strings.Contains(town.Log.String(), `"event":"codes_only","user":"`+apptest.UserID(bob)+`","holder":"`+apptest.UserID(alice)+`"`) {
			t.Errorf("%q: the log doesn't say who holds the address", spelling)
		}
		town.wantAtService(t, "both on", "shared@example.com", first)
		second.wantPush(t, "second", "")
		first.wantPush(t, "first", "shared@example.com")

		second.Post("/2fa/disable", "code", second.code(t)).Want(t, http.StatusOK, "disable")
		town.wantAtService(t, "second off", "shared@example.com", first)
		expect.Equal(t, len(town.Emulator.Users()), 1, "%q: the service was told of addresses", spelling)
		first.wantPush(t, "first, with the second off", "shared@example.com")
	}
}

// Whoever was second isn't asked when the first has gone, but only after setting up a
// phone again: this one can't be asked.
func TestA47_FirstSwitchesOff(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	first, second := town.enrolled(t, alice), town.enrolled(t, bob)
	first.Post("/2fa/disable", "code", first.code(t)).Want(t, http.StatusOK, "disable")
	town.wantAtService(t, "first off", "shared@example.com", nil)
	second.wantPush(t, "first off", "")
	second.setUp(t)
	town.wantAtService(t, "second set up again", "Shared@EXAMPLE.com", second)
	second.wantPush(t, "second set up again", "Shared@EXAMPLE.com")
	first.setUp(t)
	first.wantPush(t, "first on again", "")
}

// The service fails while one user switches off and another one sets up a phone: under
// the address it still knows the first phone, which isn't asked for the second user.
// What it hears late doesn't switch the second one off.
func TestA47_ServiceHearsLate(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	town.move(bob, "shared@example.com")
	first := town.enrolled(t, alice)
	town.Emulator.Misbehave(emulator.SyncStatus, emulator.StatusFault(503), 0)
	first.Post("/2fa/disable", "code", first.code(t)).Want(t, http.StatusOK, "disable")
	second := town.enrolled(t, bob)
	second.wantPush(t, "before the service knows", "")
	town.Emulator.Behave()
	town.Clock.Add(time.Hour)
	town.Sync(t)
	town.Clock.Add(time.Hour)
	town.wantAtService(t, "after it was told", "shared@example.com", second)
	second.wantPush(t, "after it was told", "shared@example.com")
}

// A user's address was changed, and the mailbox handed on to somebody else.
func TestA47_HandedOn(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	first := town.enrolled(t, alice)
	town.move(alice, "alice@new.example.com")
	first.wantPush(t, "under a new address", "")
	second := town.enrolled(t, bob)
	second.wantPush(t, "heir", "")
	first.wantPush(t, "with an heir", "")
	first.setUp(t)
	first.wantPush(t, "set up again", "alice@new.example.com")
	town.wantAtService(t, "set up again", "alice@new.example.com", first)
	town.wantAtService(t, "set up again", "shared@example.com", nil)
	second.setUp(t)
	second.wantPush(t, "heir, set up again", "Shared@EXAMPLE.com")
	first.wantPush(t, "beside the heir", "alice@new.example.com")
}

// The pages say why the phone isn't asked, and what to do; so do the answers to programs.
func TestA47_PagesSayWhy(t *testing.T) {
	t.Parallel()
	const (
		moved = "Your e-mail address has changed"
		codes = "for codes only"
		fault = "reach your phone"
	)
	town := newTown(t)
	first := town.enrolled(t, alice)
	second := town.enrolled(t, bob)
	town.move(alice, "alice@new.example.com")
	for _, c := range []struct {
		who   *resident
		want  string
		title string
	}{{first, moved, "must be set up again"}, {second, codes, "for codes only"}} {
		b := town.Stopped(t, c.who.name)
		page, program := b.Get("/2fa/challenge").Body, b.PostJSON("/2fa/challenge", "")
		for _, text := range []string{moved, codes, fault} {
			expect.Equal(t, strings.Contains(page, text), text == c.want, "%s, challenge: the page says %q: %t", c.who.name, text, text != c.want)
		}
		if title, _ := program.JSON("title").(string); !strings.Contains(title, c.title) {
			t.Errorf("%s, challenge: a program: got %q, want %q in it", c.who.name, title, c.title)
		}
		expect.Contains(t, c.who.Get("/2fa/").Body, c.want, "%s, security page", c.who.name)
	}
	expect.Equal(t, second.GetJSON("/2fa/").JSON("codes_only"), true, "security page for a program")
	second.phone.Secret = ""
	second.stage(t)
	if page := second.Get("/2fa/enable").Body; !strings.Contains(page, "will show codes only") {
		t.Error("enrolment: the page doesn't say that it is for codes only")
	}
	expect.Equal(t, second.GetJSON("/2fa/enable").JSON("codes_only"), true, "enrolment for a program")
	second.Post("/2fa/enable/confirm", "code", second.code(t))
	if a := second.Get("/2fa/enable"); !strings.Contains(a.Body, "with a code from") {
		t.Errorf("confirmed: got %d, want the page to say that it is for codes", a.Status)
	}
	if page := second.Get("/2fa/").Body; strings.Contains(page, "you approve each sign-in") {
		t.Error("security page: it says that sign-ins are approved, although the phone isn't asked")
	}
	const carol = "carol@example.com"
	town.move(carol, "shared@example.com")
	third := &resident{Browser: town.Browser(t).Login(carol), town: town, name: carol}
	third.stage(t)
	third.Post("/2fa/enable/confirm", "code", third.code(t))
	if a := third.Get("/2fa/recovery-codes"); !strings.Contains(a.Body, "with a code from") || !strings.Contains(a.Body, `id="codes"`) {
		t.Errorf("confirmed, with the first recovery codes: got %d %s, want the page to say that it is for codes", a.Status, a.Body)
	}
}

// Letter case and blanks make no other address.
func TestA47_SameAddress(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	first := town.enrolled(t, alice)
	town.move(alice, "  Shared@Example.COM ")
	first.wantPush(t, "in another spelling", "shared@example.com")
}

// The address is changed, or released, while the phone is asked: the approval of whoever
// has the address now isn't taken.
func TestA47_ChangedWhileAsked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*town){
		"changed": func(w *town) { w.move(alice, "alice@new.example.com") },
		"released": func(w *town) {
			if err := w.Gate.Admin().ReleaseAddress(t.Context(), "Shared@example.com", "handed on"); err != nil {
				t.Error(err)
			}
		},
	} {
		for _, approved := range []bool{false, true} {
			town := newTown(t)
			first := town.enrolled(t, alice)
			b := town.Stopped(t, alice)
			if approved {
				apptest.Approve(t, town.Emulator.Phone("shared@example.com"))
			}
			change(town)
			if !approved {
				apptest.Approve(t, town.Emulator.Phone("shared@example.com"))
			}
			b.WantLocked(name)
			expect.Contains(t, b.Get("/2fa/challenge").Body, `data-state="none"`, "%s, one that waits for no phone", name)
			b.Post("/2fa/challenge/totp", "code", first.code(t)).Want(t, http.StatusSeeOther, "%s: a code", name)
			b.WantIn(name + ", by a code")
		}
	}
}

// Operators see who holds an address, and take it away.
func TestA47_Released(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	admin := town.Gate.Admin()
	wantHolder := func(when, want string) {
		t.Helper()
		if got, err := admin.AddressHolder(t.Context(), "SHARED@example.com "); got != want || err != nil {
			t.Errorf("%s: got holder %q, %v, want %q", when, got, err, want)
		}
	}
	wantStatus := func(when, name string, codesOnly bool) {
		t.Helper()
		if got, err := admin.Status(t.Context(), apptest.UserID(name)); got.CodesOnly != codesOnly || err != nil {
			t.Errorf("%s: got codes only %t, %v, want %t", when, got.CodesOnly, err, codesOnly)
		}
	}
	wantHolder("at first", "")
	expect.NoError(t, admin.ReleaseAddress(t.Context(), "shared@example.com", "nobody's"), "nobody's address")
	first := town.enrolled(t, alice)
	second := town.enrolled(t, bob)
	wantHolder("both on", apptest.UserID(alice))
	wantStatus("both on", alice, false)
	wantStatus("both on", bob, true)
	if err := admin.ReleaseAddress(t.Context(), "shared@example.com", " "); err == nil {
		t.Error("released without a reason")
	}
	wantHolder("without a reason", apptest.UserID(alice))

	expect.NoError(t, admin.ReleaseAddress(t.Context(), "shared@example.com", "the mailbox is Bob's now"))
	wantHolder("released", "")
	wantStatus("released", alice, true)
	town.wantAtService(t, "released", "shared@example.com", nil)
	expect.Contains(t, town.Log.String(), `"reason":"the mailbox is Bob's now"`, "the log")
	first.wantPush(t, "released", "")
	second.wantPush(t, "released, not set up again", "")
	second.setUp(t)
	wantHolder("set up again", apptest.UserID(bob))
	wantStatus("set up again", bob, false)
	first.setUp(t)
	wantStatus("too late", alice, true)
	second.wantPush(t, "set up again", "Shared@EXAMPLE.com")
	first.wantPush(t, "too late", "")
	town.wantAtService(t, "at the end", "Shared@EXAMPLE.com", second)
}

// Two users set up their phones at once: whatever comes between whose steps, one of
// them can be asked, and not both.
func TestA47_TwoAtOnce(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]struct {
		kind  store.Kind
		write bool
	}{
		"before the first has read the address":     {store.Addresses, false},
		"before the first has claimed the address":  {store.Addresses, true},
		"before the first has changed its account":  {store.Accounts, true},
		"before the first has told the service":     {store.Grants, true},
		"before the first has finished its account": {store.Accounts, false},
	} {
		for _, claimed := range []bool{false, true} {
			town := newTown(t)
			town.move(bob, "shared@example.com")
			if claimed { // by an earlier confirmation that went no further
				expect.NoError(t, apptest.ClaimAddress(t.Context(), town.Records(t), apptest.UserID(bob), "shared@example.com"))
			}
			first := &resident{Browser: town.Browser(t).Login(alice), town: town, name: alice}
			second := &resident{Browser: town.Browser(t).Login(bob), town: town, name: bob}
			first.stage(t)
			second.stage(t)
			between := &between{Backend: town.Store.Inner(), kind: at.kind, write: at.write}
			between.once = func() {
				second.confirm(t).Want(t, http.StatusOK, "%s: second", name)
			}
			town.Store.SetInner(between)
			first.confirm(t).Want(t, http.StatusOK, "%s: first", name)
			town.Store.SetInner(between.Backend)
			if between.once != nil {
				t.Errorf("%s: the second never came", name)
			}
			town.Clock.Add(time.Minute)
			town.Sync(t)
			town.Clock.Add(time.Minute)

			holder := expect.Try(town.Gate.Admin().AddressHolder(t.Context(), "shared@example.com")).OrFail(t)
			asked, other := first, second
			if holder == apptest.UserID(bob) {
				asked, other = second, first
			}
			asked.wantPush(t, name+", holder", "shared@example.com")
			other.wantPush(t, name+", other", "")
			town.wantAtService(t, name, "shared@example.com", asked)
			if !town.Account(t, other.name).Factor.CodesOnly || town.Account(t, asked.name).Factor.CodesOnly {
				t.Errorf("%s: the accounts don't say who has codes only", name)
			}
		}
	}
}

// between calls once before the next access of its sort, which waits for it.
type between struct {
	store.Backend
	kind  store.Kind
	write bool

	mu   sync.Mutex
	once func()
}

func (b *between) step(kind store.Kind, write bool) {
	b.mu.Lock()
	once := b.once
	if kind != b.kind || write != b.write {
		once = nil
	}
	if once != nil {
		b.once = nil
	}
	b.mu.Unlock()
	if once != nil {
		once()
	}
}

func (b *between) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	b.step(kind, false)
	return b.Backend.Get(ctx, kind, ids...)
}

func (b *between) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	b.step(kind, true)
	return b.Backend.Put(ctx, kind, doc)
}

// A crash between the claim of an address and the change of the account holds the
// address for nobody.
func TestA47_CrashAfterTheClaim(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	first := &resident{Browser: town.Browser(t).Login(alice), town: town, name: alice}
	first.stage(t)
	inner := town.Store.Inner()
	town.Store.SetInner(refusing{inner, store.Accounts})
	first.confirm(t).Want(t, http.StatusServiceUnavailable, "confirm")
	town.Store.SetInner(inner)
	if a, err := town.Records(t).Address(t.Context(), "shared@example.com"); err != nil || a.UserID != apptest.UserID(alice) {
		t.Fatalf("got the claim of %q, %v, want the first user's", a.UserID, err)
	}
	second := town.enrolled(t, bob)
	second.wantPush(t, "second", "Shared@EXAMPLE.com")
	first.stage(t)
	first.confirm(t).Want(t, http.StatusOK, "confirm again")
	first.wantPush(t, "first", "")
}

// refusing is a store that takes no writes of one kind.
type refusing struct {
	store.Backend
	kind store.Kind
}

func (s refusing) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if kind == s.kind {
		return 0, apptest.ErrFault
	}
	return s.Backend.Put(ctx, kind, doc)
}

// A phone that was set up for codes only while somebody else held the address can't be
// asked, though the address is free by the time of its first code.
func TestA47_FreeTooLate(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	first := town.enrolled(t, alice)
	second := &resident{Browser: town.Browser(t).Login(bob), town: town, name: bob}
	second.stage(t)
	first.Post("/2fa/disable", "code", first.code(t)).Want(t, http.StatusOK, "disable")
	expect.Equal(t, second.confirm(t).JSON("codes_only"), true, "confirm")
	town.Clock.Add(apptest.Step)
	second.wantPush(t, "free too late", "")
	town.wantAtService(t, "free too late", "shared@example.com", nil)
}

// A phone that was shown the QR code of an address isn't confirmed under another one.
func TestA47_ChangedWhileEnrolling(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	first := &resident{Browser: town.Browser(t).Login(alice), town: town, name: alice}
	first.stage(t)
	town.move(alice, "alice@new.example.com")
	first.confirm(t).Want(t, http.StatusConflict)
	expect.Equal(t, town.Account(t, alice).State, records.Off, "state")
}

// With WithEmail, what a session keeps of the address doesn't count.
func TestA47_WithEmail(t *testing.T) {
	t.Parallel()
	var (
		mu      sync.Mutex
		present = map[string]string{apptest.UserID(alice): "shared@example.com", apptest.UserID(bob): "shared@example.com"}
		fault   error
		faultOf string // "" for everybody
		calls   int
	)
	set := func(name, email string, err error) {
		mu.Lock()
		defer mu.Unlock()
		present[apptest.UserID(name)], fault = email, err
	}
	town := newTown(t, middleware.WithEmail(func(_ context.Context, userID string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if faultOf != "" && faultOf != userID {
			return present[userID], nil
		}
		return present[userID], fault
	}))
	town.move(alice, "stale@example.com")
	first := town.enrolled(t, alice)
	first.wantPush(t, "at first", "shared@example.com")

	verified := town.Stopped(t, alice)
	apptest.Approve(t, town.Emulator.Phone("shared@example.com"))
	verified.WantIn("verified")
	town.Clock.Add(10 * time.Second)
	verified.WantIn("read anew")
	mu.Lock()
	before := calls
	mu.Unlock()
	town.Clock.Add(10 * time.Second)
	verified.WantIn("read anew")
	mu.Lock()
	expect.Equal(t, calls, before, "a verified request asked for the address %d times", calls-before)
	mu.Unlock()

	// It can't be told.
	broken := errors.New("the directory is down")
	set(alice, "shared@example.com", broken)
	first.wantPush(t, "can't be told", "")
	first.wantPush(t, "can't be told, again", "")
	if n := strings.Count(town.Log.String(), "users' e-mail addresses aren't known"); n != 1 {
		t.Errorf("the log says %d times that addresses aren't known, want once", n)
	}
	was := town.Account(t, alice)
	first.PostJSON("/2fa/enable", `{"code":"`+first.code(t)+`"}`).Want(t, http.StatusServiceUnavailable, "enable")
	expect.Equal(t, town.Account(t, alice).Version, was.Version, "enable changed the account")
	set(alice, "shared@example.com", nil)
	town.Clock.Add(apptest.Step)
	first.Browser = town.Browser(t).Login(alice)
	first.Get("/account")
	first.Post("/2fa/challenge/totp", "code", first.code(t))
	first.stage(t)
	set(alice, "shared@example.com", broken)
	was = town.Account(t, alice)
	first.confirm(t).Want(t, http.StatusServiceUnavailable, "confirm")
	expect.Equal(t, town.Account(t, alice).Version, was.Version, "confirm changed the account")
	set(alice, "shared@example.com", nil)
	town.Clock.Add(apptest.Step)
	first.confirm(t).Want(t, http.StatusOK, "confirm")

	// While its holder can't be told, the address isn't free; when it is known that the
	// holder has another one, it is.
	faultOf = apptest.UserID(alice)
	set(alice, "alice@new.example.com", broken)
	second := town.enrolled(t, bob)
	second.wantPush(t, "heir, while it can't be told", "")
	set(alice, "alice@new.example.com", nil)
	second.setUp(t)
	second.wantPush(t, "heir", "shared@example.com")
	first.wantPush(t, "moved", "")
	town.wantAtService(t, "moved", "shared@example.com", second)
	first.Browser = town.Browser(t).Login(alice)
	first.Get("/account")
	town.Clock.Add(apptest.Step)
	first.Post("/2fa/challenge/totp", "code", first.code(t))
	first.setUp(t)
	first.wantPush(t, "set up again", "alice@new.example.com")
	town.Clock.Add(time.Minute)
	town.wantAtService(t, "set up again", "shared@example.com", second)
	second.wantPush(t, "heir, at the end", "shared@example.com")
}
