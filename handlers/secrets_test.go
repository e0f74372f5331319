package handlers_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

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
		expect.Lacks(t, text, secret, "%s: found the %s", where, name)
	}
}

var timestamps = regexp.MustCompile(`"time":"[^"]*"`)

// A recorder keeps what a store was given, as it was and decoded.
type recorder struct {
	store.Backend
	t    *testing.T
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *recorder) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	// Byte strings are in Base64 in the JSON, where a secret within one isn't seen.
	var decoded any
	switch kind {
	case store.Accounts:
		decoded = apptest.DecodeAccount(r.t, doc)
	case store.Challenges:
		decoded = apptest.DecodeChallenge(r.t, doc)
	case store.Grants:
		decoded = apptest.DecodeGrant(r.t, doc)
	case store.Addresses:
	}
	r.mu.Lock()
	fmt.Fprintf(&r.text, "%s %s\n%s\n%s\n%+v\n", kind, doc.ID, doc.Body, decoded, decoded)
	r.mu.Unlock()
	return r.Backend.Put(ctx, kind, doc)
}

// Nothing secret is logged, told to others, or kept in plain, whatever happens.
func TestA38_Secrets(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	rec := &recorder{Backend: world.Store.Inner(), t: t}
	world.Store.SetInner(rec)
	app := world.Node(t, quick(client.WithSecretOnDisable()), apptest.Setup{
		// So many digits don't come about by chance.
		Options: []middleware.Option{middleware.WithTOTP("SHA256", 8, 30*time.Second)},
		Routes: func(_ *apptest.App, mux *http.ServeMux) {
			mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		},
	})
	hidden := make(secrets)
	hidden.add("API key", []byte(world.Emulator.APIKey()))
	hidden.add("sealing key", apptest.Key)
	callback := apptest.CallbackPath(app.Gate)
	hidden.add("callback secret", []byte(callback[strings.LastIndexByte(callback, '/')+1:]))
	var codes []string
	use := func(code string) string { codes = append(codes, code); return code }
	keep := func(b *apptest.Browser) {
		if grant := b.Cookie(app.ReturningCookie()); grant != "" {
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
	wantGuess(t, "enrol", b, "/2fa/enable/confirm", use(apptest.Code(t, phone)), "accepted")
	hidden.add("TOTP secret", world.Secret(t, alice))
	keep(b)
	world.Emulator.Behave()

	// Logging in: wrong, used and right codes, damage and broken stores.
	world.Clock.Add(apptest.Step)
	b = app.Browser(t).Login(alice)
	guess(t, b, totp, use("87654321"))
	guess(t, b, totp, use(apptest.Code(t, phone)))
	guess(t, app.Browser(t).Login(alice), totp, codes[len(codes)-1])
	keep(b)
	world.Clock.Add(apptest.Step)
	whole := world.Account(t, alice).Factor
	world.ChangeAccount(t, alice, func(a *records.Account) { a.Factor.Algorithm = "MD5" })
	guess(t, app.Browser(t).Login(alice), totp, use(apptest.Code(t, phone)))
	world.ChangeAccount(t, alice, func(a *records.Account) { a.Factor = whole })
	thief := app.Browser(t).Login(alice)
	world.Store.Fail(apptest.All)
	guess(t, thief, totp, use(apptest.Code(t, phone)))
	world.Store.Fail(0)

	// The phone: a broken service, an approval, a rejection, reports that come
	// too late, from nowhere, or are malformed.
	world.Emulator.Misbehave(emulator.SecretNumber, emulator.EnvelopeFault(400, "INVALID_REQUEST", "no such token"), 1)
	app.Stopped(t, alice)
	b = app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("by push")
	keep(b)
	b = app.Stopped(t, alice)
	pending := phone.Pending()
	token := pending[len(pending)-1].Token
	world.Store.Fail(apptest.All)
	expect.Try(world.Emulator.Report(t.Context(), token, true)).OrFail(t)
	world.Store.Fail(0)
	apptest.Deny(t, phone)
	expect.Try(world.Emulator.Report(t.Context(), token, true)).OrFail(t)
	for _, q := range []string{"?result=maybe&session_token=" + token, "?session_token=" + token, "/x?result=true&session_token=" + token} {
		app.Browser(t).Get(callback + q)
	}
	b.Do("PUT", callback+"?session_token="+token, "")
	b = app.Browser(t).Login(alice)
	world.Scs.FailCommits(1)
	world.Clock.Add(apptest.Step)
	guess(t, b, totp, use(apptest.Code(t, phone)))
	world.Scs.FailCommits(0)
	for _, r := range world.Emulator.Requests() {
		hidden.add("session token "+r.ID, []byte(r.Token))
	}
	for i, code := range codes {
		hidden[fmt.Sprintf("code %d", i)] = code
	}

	// Others: nobody, somebody else, and who only has the password.
	for name, other := range map[string]*apptest.Browser{
		"nobody": app.Browser(t), "bob": app.Browser(t).Login(bob), "a thief of the password": thief,
	} {
		for _, path := range []string{
			"/account", "/2fa/", "/2fa/enable", "/2fa/challenge", "/2fa/challenge/status", "/2fa/nothing", "/2fa/callback/x", "/open/x",
		} {
			for _, a := range []apptest.Answer{other.Get(path), other.GetJSON(path), other.Post(path, "code", "x")} {
				hidden.wantNone(t, fmt.Sprintf("%s at %s", name, path), fmt.Sprint(a.Header)+a.Body)
			}
		}
		keep(other)
	}

	// A handler that panics, and switching off, while the service is down.
	b = app.Browser(t).Login(alice)
	world.Clock.Add(apptest.Step)
	guess(t, b, totp, use(apptest.Code(t, phone)))
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
		"couldn't be informed of a change", "was informed of a change", "request refused because of a fault", "push_failed",
		"callback not taken", "late_report",
	} {
		expect.Contains(t, log, line, "the log")
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
	world := apptest.NewWorld(t)
	b := world.Node(t).Browser(t).Login(alice)
	mistaken := world.Node(t, apptest.Setup{Wrap: func(app *apptest.App, _ http.Handler) http.Handler {
		return app.Sessions.LoadAndSave(app.Gate.Require(app.Gate.Routes()))
	}})
	callback := apptest.CallbackPath(mistaken.Gate)
	world.Store.Fail(apptest.All)
	for _, a := range []apptest.Answer{b.On(mistaken).Get(callback), b.On(mistaken).GetJSON(callback), b.On(mistaken).Post(callback)} {
		a.Want(t, http.StatusServiceUnavailable)
	}
	expect.Equal(t, strings.Count(world.Log.String(), "request refused because of a fault"), 3, "lines for 3 refusals")
	hidden := secrets{"callback secret": callback[strings.LastIndexByte(callback, '/')+1:]}
	hidden.wantNone(t, "log", world.Log.String())
}

// Nothing that prints a gate shows what it holds.
func TestA38_GatePrinted(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	hidden := make(secrets)
	hidden.add("API key", []byte(app.Emulator.APIKey()))
	hidden.add("sealing key", apptest.Key)
	callback := apptest.CallbackPath(app.Gate)
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
		map[string]any{"gate": app.Gate, "client": c}, middleware.WithKey(apptest.Key), app.Gate.Routes(),
		app.Gate.Handler(http.NotFoundHandler()),
	}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			hidden.wantNone(t, fmt.Sprintf("%s of %T", verb, v), text)
			expect.Lacks(t, text, "gcm.GCM=", "%s of %T shows a cipher", verb, v)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		hidden.wantNone(t, fmt.Sprintf("log of %T", v), log.String())
	}
	// Nor does what New says of what is wrong.
	_, err := middleware.New(middleware.WithKey(apptest.Key[:31], []byte("another secret key")), middleware.WithService(client.New("\n", app.Emulator.APIKey()+"\n")))
	if err == nil || strings.Contains(err.Error(), string(apptest.Key[:31])) || strings.Contains(err.Error(), "another") ||
		strings.Contains(err.Error(), app.Emulator.APIKey()) {
		t.Errorf("got %v", err)
	}
}

// A sealed secret in another user's row opens nothing.
func TestA38_SecretMovedToAnotherUser(t *testing.T) {
	t.Parallel()
	const carol = "carol@example.com" // as long as alice
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	app.Enrolled(t, carol)
	mine := app.Account(t, alice).Factor
	app.ChangeAccount(t, carol, func(c *records.Account) { c.Factor.Secret = slices.Clone(mine.Secret) })
	app.Clock.Add(apptest.Step)
	b := app.Browser(t).Login(carol)
	wantGuess(t, "carol by alice's secret", b, totp, apptest.Code(t, phone), "unavailable")
	b.WantLocked("by another user's secret")
}
