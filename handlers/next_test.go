package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/middleware"
)

func FuzzReturnPath(f *testing.F) {
	for _, s := range []string{
		"/account?x=1", "//evil.example", `/\evil.example`, `\/evil.example`, "/%5cevil", "/\t/evil.example", "/x\r\nLocation: //evil", "/.//evil",
		"/x/../..//evil", "http://evil.example//x", "http:evil", "javascript:alert(1)", "/?//evil#//evil", "///", "/;//x", "*", "", "/%", "/x?\\", "/?#%",
	} {
		f.Add(s)
	}
	const origin = "https://host.example/"
	base, err := url.Parse(origin)
	if err != nil {
		f.Fatal(err)
	}
	stays := func(t *testing.T, how, target, s string) {
		t.Helper()
		if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.HasPrefix(s, `/\`) || len(s) > 2<<10 {
			t.Errorf("%s(%q) = %q, want one slash in front", how, target, s)
		}
		// Browsers drop these, and read a backslash as a slash.
		if strings.ContainsAny(s, "\t\r\n\x00\\") {
			t.Errorf("%s(%q) = %q, want nothing that browsers rewrite", how, target, s)
		}
		u, err := base.Parse(s)
		if err != nil {
			if how == "localPath" {
				t.Errorf("%s(%q) = %q: %v", how, target, s, err)
			}
			return
		}
		if u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil || !strings.HasPrefix(u.String(), origin) {
			t.Errorf("%s(%q) = %q leads to %v, want a page of %s", how, target, s, u, origin)
		}
	}
	f.Fuzz(func(t *testing.T, target string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RequestURI = target
		stays(t, "localPath", target, handlers.LocalPath(r))
		if u, err := url.ParseRequestURI(target); err == nil { // some middleware has rewritten it
			r.RequestURI, r.URL = "", u
			stays(t, "localPath", target, handlers.LocalPath(r))
		}
		r.Host = base.Host
		for _, referer := range []string{target, "https://" + base.Host + target} {
			r.Header.Set("Referer", referer)
			stays(t, "formPath", referer, handlers.FormPath(r, "/home"))
		}
		if handlers.IsLocal(target) {
			stays(t, "isLocal", target, target)
		}
	})
}

// A query that is in another encoding leads to the same page after the challenge.
func TestNextInAnotherEncoding(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	b.Raw(http.MethodGet, "/account?name=J\xfcrgen&x=<y>", "Accept", "text/html").WantTo(t, "/2fa/challenge")
	b.Post(totp, "code", apptest.Code(t, phone)).WantTo(t, "/account?name=J%FCrgen&x=<y>")
}

// A session that is saved because its challenge is to begin keeps where it was going.
func TestNextOfASessionThatWasNotSaved(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithUser(func(*http.Request) (eagate.User, error) {
			return eagate.User{ID: "7", Email: alice}, nil // by a client certificate, say
		}),
	}})
	phone := app.Browser(t).Enrol(alice)
	b := app.Browser(t)
	b.Follow("/account?x=1")
	b.Post(totp, "code", apptest.Code(t, phone)).WantTo(t, "/account?x=1")
}

// A page whose script was refused may lead to the challenge itself: the browser comes back
// to it, unless it had asked for another one before.
func TestComesBackToThePage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		site, referer, asked, want string
	}{
		"a page":            {"same-origin", "/spa?tab=2", "", "/spa?tab=2"},
		"an older browser":  {"", "/spa", "", "/spa"},
		"asked for another": {"same-origin", "/spa", "/account", "/account"},
		"of another site":   {"cross-site", "https://evil.example/x", "", "/"},
		"of a sibling":      {"same-site", "/spa", "", "/"},
		"typed":             {"none", "", "", "/"},
		"one of ours":       {"same-origin", "/2fa/?x", "", "/"},
		"the login":         {"same-origin", "/login?x", "", "/"},
		"after a logout":    {"same-origin", "/logout", "", "/"}, // of which the answer may be the login's form
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			phone := app.Enrolled(t, alice)
			b := app.Browser(t).Login(alice)
			if test.asked != "" {
				b.Get(test.asked)
			}
			head := []string{"Accept", "text/html", "Referer", test.referer}
			if strings.HasPrefix(test.referer, "/") {
				head[3] = app.URL + test.referer
			}
			if test.site != "" {
				head = append(head, "Sec-Fetch-Site", test.site)
			}
			path := "/2fa/challenge"
			for range 3 { // until the browser has its secret
				if a := b.Do("GET", path, "", head...); a.Location != "" {
					path = a.Location
				}
			}
			apptest.Approve(t, phone)
			b.Get("/2fa/challenge").WantTo(t, test.want)
		})
	}
}
