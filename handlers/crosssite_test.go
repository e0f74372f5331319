package handlers_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// tokenOn returns the token of the forms on a page, or "".
func tokenOn(t *testing.T, a apptest.Answer) string {
	t.Helper()
	found := regexp.MustCompile(`name="form_token" value="([^"]+)"`).FindStringSubmatch(a.Body)
	if found == nil {
		return ""
	}
	return found[1]
}

// null is what a browser that tells nothing sends with a form, and so does a page of
// another site in a sandboxed frame.
var null = []string{"Accept", "text/html", "Content-Type", form, "Origin", "null"}

// From a browser without Sec-Fetch-Site, a form with "Origin: null" is taken if it holds
// what only our pages in this browser have shown.
func TestA51_FormWithoutOrigin(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	page := w.Get("/2fa/challenge")
	token := tokenOn(t, page)
	code := "code=" + apptest.Code(t, w.phone)
	if n, forms := strings.Count(page.Body, token), strings.Count(page.Body, "<form "); token == "" || n != forms {
		t.Fatalf("got the token %q %d times on a page of %d forms", token, n, forms)
	}
	expect.Equal(t, tokenOn(t, w.Get("/2fa/challenge")), token, "the next page, token")
	w.Do("POST", "/2fa/challenge/totp", code+"&form_token="+token, null...).Want(t, http.StatusSeeOther)
	w.WantIn("by a code")
	// The renewed session's pages hold it too, and forms of before it.
	if a := w.Do("POST", "/2fa/recovery-codes", "form_token="+token, null...); a.Status >= 400 {
		t.Errorf("in the renewed session: got %d, it to be done", a.Status)
	}
	// Where the browser says where a form was, there is nothing to hold, and no cookie.
	other := app.Stopped(t, alice)
	a := other.Do("GET", "/2fa/challenge", "", "Accept", "text/html", "Sec-Fetch-Site", "none")
	if tokenOn(t, a) != "" || len(a.Header["Set-Cookie"]) > 0 {
		t.Errorf("with Sec-Fetch-Site: got token %q and cookies %q", tokenOn(t, a), a.Header["Set-Cookie"])
	}
}

func TestA30_FormToken(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	token := tokenOn(t, w.Get("/2fa/challenge"))
	others := tokenOn(t, app.Stopped(t, alice).Get("/2fa/challenge"))
	if token == "" || others == "" || token == others {
		t.Fatalf("got tokens %q and %q, want two", token, others)
	}
	spy := app.Spy(t)
	for name, c := range map[string]struct {
		body string
		head []string
	}{
		"none":                      {"", null},
		"empty":                     {"&form_token=", null},
		"another browser's":         {"&form_token=" + others, null},
		"cut off":                   {"&form_token=" + token[:21], null},
		"twice":                     {"&form_token=" + token + "&form_token=" + token, null},
		"in other letters":          {"&Form_token=" + token, null},
		"as JSON":                   {"", []string{"Content-Type", js, "Origin", "null"}},
		"as text":                   {"&form_token=" + token, []string{"Accept", "text/html", "Content-Type", "text/plain", "Origin", "null"}},
		"too long a body":           {"&form_token=" + token + "&x=" + strings.Repeat("x", 4<<10), null},
		"the browser says no":       {"&form_token=" + token, append([]string{"Sec-Fetch-Site", "cross-site"}, null...)},
		"the browser says sibling":  {"&form_token=" + token, append([]string{"Sec-Fetch-Site", "same-site"}, null...)},
		"the browser says no twice": {"&form_token=" + token, append([]string{"Sec-Fetch-Site", "", "Sec-Fetch-Site", "cross-site"}, null...)},
	} {
		body := "code=" + apptest.Code(t, w.phone) + c.body
		if name == "as JSON" {
			body = `{"code":"` + apptest.Code(t, w.phone) + `","form_token":"` + token + `"}`
		}
		w.Do("POST", "/2fa/challenge/totp", body, c.head...).Want(t, http.StatusForbidden, name)
	}
	// A frame of another site has no cookies at best; with the session's, still not this one.
	if a := w.Thief().Do("POST", "/2fa/challenge/totp", "code="+apptest.Code(t, w.phone)+"&form_token="+token, null...); a.Status != http.StatusForbidden {
		t.Errorf("without the browser's cookie: got %d, want 403", a.Status)
	}
	// Nor with what anybody can work out for a browser that has none.
	sum := sha256.Sum256([]byte("eagate form "))
	known := base64.RawURLEncoding.EncodeToString(sum[:16])
	if a := w.Thief().Do("POST", "/2fa/challenge/totp", "code="+apptest.Code(t, w.phone)+"&form_token="+known, null...); a.Status != http.StatusForbidden {
		t.Errorf("with the token of no cookie: got %d, want 403", a.Status)
	}
	planted := w.Thief()
	planted.SetCookie("eagate-form-"+app.GateName(), "")
	if a := planted.Do("POST", "/2fa/challenge/totp", "code="+apptest.Code(t, w.phone)+"&form_token=", null...); a.Status != http.StatusForbidden {
		t.Errorf("with an empty cookie and token: got %d, want 403", a.Status)
	}
	expect.Equal(t, spy.Changes(), 0, "changes")
}

// An origin that the application trusts is taken, and no other that resembles it.
func TestA30_TrustedOrigins(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithTrustedOrigins("https://www.example.com", "http://intranet:81")}})
	w := wait(t, app, alice)
	for _, c := range []struct {
		site, origin string
		want         int
	}{
		{"cross-site", "https://www.example.com", 422},
		{"same-site", "https://www.example.com", 422},
		{"", "https://www.example.com", 422},
		{"", "http://intranet:81", 422},
		{"same-site", "http://www.example.com", 403},
		{"same-site", "https://www.example.com:8443", 403},
		{"same-site", "https://www.example.com.evil.example", 403},
		{"same-site", "https://example.com", 403},
		{"cross-site", "null", 403},
		{"cross-site", "", 403},
		{"", "http://intranet", 403},
		{"", "null", 403},
	} {
		head := []string{"Accept", "text/html", "Content-Type", form}
		if c.site != "" {
			head = append(head, "Sec-Fetch-Site", c.site)
		}
		if c.origin != "" {
			head = append(head, "Origin", c.origin)
		}
		app.Clock.Add(time.Hour) // for the next wrong code
		if a := w.Do("POST", "/2fa/challenge/totp", "code="+app.WrongCode(t, w.phone), head...); a.Status != c.want {
			t.Errorf("Sec-Fetch-Site %q, Origin %q: got %d, want %d", c.site, c.origin, a.Status, c.want)
		}
	}
	const policy = "form-action 'self' https://www.example.com http://intranet:81;"
	expect.Contains(t, w.Get("/2fa/challenge").Header.Get("Content-Security-Policy"), policy)
}

// Each cause of a refusal is said with its remedy, once a minute.
func TestCrossSiteIsLogged(t *testing.T) {
	t.Parallel()
	for remedy, head := range map[string][]string{
		"a proxy changes Host":                        {"Origin", "https://app.example.com"},
		"must not set Referrer-Policy":                {"Origin", "null"},
		"another host of this application":            {"Origin", "https://www.example.com", "Sec-Fetch-Site", "same-site"},
		`"origin":"` + strings.Repeat("x", 200) + `"`: {"Origin", strings.Repeat("x", 300)},
	} {
		app := apptest.New(t)
		b := app.Browser(t)
		const line = "seems to come from another site"
		for range 2 {
			b.Do("POST", "/2fa/challenge", "", append(head, "Accept", "text/html")...).Want(t, http.StatusForbidden, "%v", head)
		}
		if got := app.Log.String(); strings.Count(got, line) != 1 || !strings.Contains(got, remedy) {
			t.Errorf("%v: got log %s, want one line with %q", head, got, remedy)
		}
		app.Clock.Add(time.Minute)
		b.Do("POST", "/2fa/challenge", "", head...)
		if got := app.Log.String(); strings.Count(got, line) != 2 || !strings.Contains(got, `"since_the_last":1`) {
			t.Errorf("%v: a minute later: got log %s, want another line", head, got)
		}
	}
}
