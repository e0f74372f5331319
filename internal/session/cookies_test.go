package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
)

// The cookie of a trusted device is out of the reach of scripts, other sites and
// subdomains, and each user has another.
func TestDeviceCookie(t *testing.T) {
	m := scs.New()
	m.Cookie.Secure, m.Cookie.SameSite = true, http.SameSiteStrictMode
	s := session.New(m, nil, nil, session.Name("client", "/2fa", "session"))
	alice, bob := eagate.User{ID: "1"}, eagate.User{ID: "2"}
	until := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	set := func(do func(w http.ResponseWriter)) *http.Cookie {
		t.Helper()
		w := httptest.NewRecorder()
		do(w)
		cookies := w.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("got %d cookies, want 1", len(cookies))
		}
		c := cookies[0]
		if !strings.HasPrefix(c.Name, "__Host-eagate-device-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteStrictMode {
			t.Errorf("got %s, it for this host, https and the same site only, and not for scripts", c)
		}
		return c
	}
	hers := set(func(w http.ResponseWriter) { s.Trust(w, alice, "secret", until) })
	if hers.Value != "secret" || !hers.Expires.Equal(until) {
		t.Errorf("got %s, want the secret until %v", hers, until)
	}
	if his := set(func(w http.ResponseWriter) { s.Trust(w, bob, "another", until) }); his.Name == hers.Name {
		t.Error("two users of a browser share a cookie")
	}
	if gone := set(func(w http.ResponseWriter) { s.Distrust(w, alice) }); gone.Name != hers.Name || gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("got %s, want hers removed", gone)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(hers)
	expect.Equal(t, s.Device(r, alice), factor.DeviceOf("secret"), "device")
	expect.Equal(t, s.Device(r, bob), "", "device for somebody else")
}
