package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// All cookies of the gate are for this host, https and no script, where the session's
// cookie is Secure: a sibling host can't plant a __Host- cookie.
func TestA14_CookiesForThisHostOnly(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Sessions: func(m *scs.SessionManager) { m.Cookie.Secure = true }})
	phone := app.Emulator.Phone(alice)
	b := app.Browser(t)
	kept := make(map[string]string)
	look := func(a apptest.Answer) apptest.Answer {
		t.Helper()
		for _, line := range a.Header["Set-Cookie"] {
			c := expect.Try(http.ParseSetCookie(line)).OrFail(t)
			kept[c.Name] = c.Value
			if c.Name == "session" {
				continue // the application's
			}
			if !strings.HasPrefix(c.Name, "__Host-eagate") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
				t.Errorf("got %s, it __Host-, and not for scripts", strings.Replace(line, c.Value, "VALUE", 1))
			}
		}
		return a
	}
	post := func(path, body string) apptest.Answer {
		t.Helper()
		return look(b.Do("POST", path, body, "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json"))
	}
	post("/login", "email="+alice)
	uri, _ := post("/2fa/enable", "").JSON("uri").(string)
	expect.NoError(t, phone.AddAccount(uri))
	post("/2fa/enable/confirm", "code="+apptest.Code(t, phone)).Want(t, http.StatusOK, "confirm")
	look(b.Get("/2fa/?lang=de"))
	if len(kept) < 3 {
		t.Errorf("got cookies %d, want the session's, the gate's, and the one of the language", len(kept))
	}
}
