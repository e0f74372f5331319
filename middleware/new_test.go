package middleware_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/templates"
)

// complete are options with nothing wrong.
func complete() []middleware.Option {
	sessions := scs.New()
	sessions.Cookie.Secure = true
	return []middleware.Option{
		middleware.WithSessions(sessions),
		middleware.WithService(client.New("client", "key")),
		middleware.WithStore(store.NewMemory()),
		middleware.WithUser(func(*http.Request) (middleware.User, error) { return middleware.User{}, nil }),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(apptest.Key),
	}
}

func TestNewReportsEveryFault(t *testing.T) {
	_, err := middleware.New(middleware.WithBasePath("2fa/"), middleware.WithExempt("/", "GET"), middleware.WithTOTP("MD5", 7, time.Millisecond))
	if err == nil {
		t.Fatal("got no error, want all of them")
	}
	for _, want := range []string{
		"WithSessions", "WithService", "WithStore", "WithUser", "WithIssuer", "WithKey", `"2fa/"`, `pattern "/"`, `pattern "GET"`,
		`"MD5"`, "7 digits", "1ms",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error doesn't mention %s:\n%v", want, err)
		}
	}
}

func TestNewFaults(t *testing.T) {
	if _, err := middleware.New(append(complete(), nil)...); err != nil {
		t.Fatalf("complete options: got %v, want no error", err)
	}
	if _, err := middleware.New(append(complete(), middleware.WithTrustedDevices(90*24*time.Hour))...); err != nil {
		t.Errorf("the longest that a device is trusted: got %v, want no error", err)
	}
	for name, test := range map[string]struct {
		option middleware.Option
		want   string
	}{
		"insecure cookie":    {middleware.WithSessions(scs.New()), "isn't Secure"},
		"client's faults":    {middleware.WithService(client.New("", "key")), "client"},
		"short key":          {middleware.WithKey([]byte("short")), "5 bytes"},
		"monotonous key":     {middleware.WithKey(make([]byte, 32)), "single byte"},
		"short former key":   {middleware.WithKey(apptest.Key, []byte("old")), "key 2"},
		"empty key":          {middleware.WithKey(nil), "0 bytes"},
		"blank issuer":       {middleware.WithIssuer(" "), "no name"},
		"long issuer":        {middleware.WithIssuer(strings.Repeat("x", 65)), "longer than"},
		"control in issuer":  {middleware.WithIssuer("a\x00b"), "can't be shown"},
		"base is the root":   {middleware.WithBasePath("/"), "slash"},
		"base with dots":     {middleware.WithBasePath("/a/../b"), "plain path"},
		"base with wildcard": {middleware.WithBasePath("/{x}"), "plain path"},
		"login elsewhere":    {middleware.WithLoginPath("//evil.example"), "plain path"},
		"home elsewhere":     {middleware.WithHomePath("https://evil.example"), "plain path"},
		"no home":            {middleware.WithHomePath(""), "WithHomePath"},
		"no logger":          {middleware.WithLogger(nil), "WithLogger"},
		"no clock":           {middleware.WithClock(nil), "WithClock"},
		"no addresses":       {middleware.WithEmail(nil), "WithEmail"},
		"exempt wildcard":    {middleware.WithExempt("GET /{rest...}"), "too much"},
		"exempt host":        {middleware.WithExempt("example.com/x"), "begins with a slash"},
		"exempt nonsense":    {middleware.WithExempt("GET /{"), "pattern"},
		"exempt twice":       {middleware.WithExempt("/a", "/a"), "pattern"},
		"brief tokens":       {middleware.WithTokenLifetime(time.Minute), "5 to 10 minutes"},
		"long tokens":        {middleware.WithTokenLifetime(time.Hour), "5 to 10 minutes"},
		"invalid network":    {middleware.WithCallbackNetworks(netip.Prefix{}), "invalid network"},
		"source for nothing": {middleware.WithCallbackSource(func(*http.Request) (netip.Addr, error) { return netip.Addr{}, nil }), "no effect"},
		"unknown result":     {middleware.WithFalseResult(2), "WithFalseResult: 2"},
		"hold on nothing":    {middleware.WithHoldOnRejection(), "WithHoldOnRejection needs WithFalseResult(Rejection)"},
		"trusted for ever":   {middleware.WithTrustedDevices(90*24*time.Hour + 1), "at most 90 days"},
		"trusted before":     {middleware.WithTrustedDevices(-time.Hour), "more than 0"},
		"unknown language":   {middleware.WithPages(templates.WithLanguages("xx")), "language"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := middleware.New(append(complete(), test.option)...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that mentions %q", err, test.want)
			}
		})
	}
}

func TestCallbackOfTheFormerKey(t *testing.T) {
	world := apptest.NewWorld(t)
	former := world.Node(t)
	phone := former.Enrolled(t, alice)
	other := []byte("another key of thirty-two bytes!")
	next := world.Node(t, apptest.Setup{Options: []middleware.Option{middleware.WithKey(other, apptest.Key)}})
	callback := next.URL + apptest.CallbackPath(former.Gate)
	for _, u := range []string{callback, next.URL + apptest.CallbackPath(next.Gate)} {
		world.Emulator.SetCallbackURL(u)
		b := next.Stopped(t, alice)
		apptest.Approve(t, phone)
		b.WantIn("by that callback")
	}
	b := next.Browser(t).Login(alice)
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	b.WantIn("by a code whose secret the former key sealed")
}

func TestVerificationFrom(t *testing.T) {
	app := apptest.New(t)
	b := app.Browser(t).Login(alice)
	if a := b.Get("/account"); a.Header.Get("X-Verified") != "false" {
		t.Errorf("without a second factor: got X-Verified %q, want false", a.Header.Get("X-Verified"))
	}
	phone := b.Enrol(alice)
	if a := b.Get("/account"); a.Header.Get("X-Method") != "totp" {
		t.Errorf("after enrolling: got method %q, want totp", a.Header.Get("X-Method"))
	}
	b = app.Stopped(t, alice)
	apptest.Approve(t, phone)
	if a := b.Get("/account"); a.Header.Get("X-Method") != "push" {
		t.Errorf("after an approval: got method %q, want push", a.Header.Get("X-Method"))
	}
	if a := b.Get("/open/x"); a.Status != http.StatusOK {
		t.Errorf("exempt route: got %d", a.Status)
	}
	if _, ok := middleware.VerificationFrom(t.Context()); ok {
		t.Error("outside of a request: got a verification")
	}
}

func TestUserIDs(t *testing.T) {
	for name, test := range map[string]struct {
		id   string
		want int
	}{
		"plain":         {"7", http.StatusOK},
		"longest":       {strings.Repeat("x", 255), http.StatusOK},
		"none":          {"", http.StatusOK}, // nobody
		"too long":      {strings.Repeat("x", 256), http.StatusServiceUnavailable},
		"NUL":           {"7\x00", http.StatusServiceUnavailable},
		"invalid UTF-8": {"\xff", http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
				middleware.WithUser(func(*http.Request) (middleware.User, error) { return middleware.User{ID: test.id}, nil }),
			}})
			if a := app.Browser(t).Get("/account"); a.Status != test.want {
				t.Errorf("got %d, want %d", a.Status, test.want)
			}
		})
	}
}
