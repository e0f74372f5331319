package handlers_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
)

// Files of the pages and scripts are for anybody, and the same for everybody.
func TestAssets(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	app.Enrolled(t, alice)
	locked := app.Browser(t).Login(alice)
	spy := app.Spy(t)
	app.Users.Fail(errors.New("down"))
	const path = "/2fa/assets/eagate.js"
	a := locked.Do("GET", path, "")
	tag := a.Header.Get("ETag")
	for name, want := range map[string]string{
		"Content-Type":                 "text/javascript; charset=utf-8",
		"Cache-Control":                "private, no-cache",
		"Content-Security-Policy":      "default-src 'none'; sandbox",
		"Cross-Origin-Resource-Policy": "same-origin",
		"X-Content-Type-Options":       "nosniff",
		"Vary":                         "",
		"Set-Cookie":                   "",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if a.Status != http.StatusOK || !strings.Contains(a.Body, "eagateFetch") || len(tag) < 16 {
		t.Errorf("got %d, ETag %s and %.100q, want the script", a.Status, tag, a.Body)
	}
	for _, test := range []struct {
		method, path, match string
		status              int
		cache               string
	}{
		{"HEAD", path, "", 200, "private, no-cache"},
		{"GET", path, tag, 304, "private, no-cache"},
		{"HEAD", path, `"other", ` + tag, 304, "private, no-cache"},
		{"GET", path, `"other"`, 200, "private, no-cache"},
		{"GET", path + "?v=" + strings.Trim(tag, `"`), "", 200, "private, max-age=31536000, immutable"},
		{"GET", path + "?v=" + strings.Trim(tag, `"`), tag, 304, "private, max-age=31536000, immutable"},
		{"GET", path + "?v=other", "", 200, "private, no-cache"},
		{"GET", "/2fa/assets/eagate.d.ts", "", 200, "private, no-cache"},
		{"GET", "/2fa/assets/", "", 404, "no-store, no-transform"},
		{"GET", "/2fa/assets/other.js", "", 404, "no-store, no-transform"},
		{"GET", "/2fa/assets/..%2fhtml%2fstyle.css", "", 404, "no-store, no-transform"},
		{"GET", "/2fa/assets/%2e%2e/html/style.css", "", 404, "no-store, no-transform"},
		{"POST", path, "", 405, "no-store, no-transform"},
		{"DELETE", path, "", 405, "no-store, no-transform"},
	} {
		a := locked.Do(test.method, test.path, "", "If-None-Match", test.match, "Accept", js)
		if a.Status != test.status || a.Header.Get("Cache-Control") != test.cache {
			t.Errorf("%s %s: got %d and %q, want %d and %q", test.method, test.path, a.Status, a.Header.Get("Cache-Control"), test.status, test.cache)
		}
		if allow := a.Header.Get("Allow"); a.Status == 405 && allow != "GET, HEAD" {
			t.Errorf("%s %s: got Allow %q, want GET, HEAD", test.method, test.path, allow)
		}
		if a.Status == 404 && a.JSON("type") != eagate.ProblemNotFound.URI() {
			t.Errorf("%s %s: got %s, want that there is no such page", test.method, test.path, a.Body)
		}
	}
	if n := spy.Changes(); n != 0 {
		t.Errorf("got %d changes, want none", n)
	}
	if a := locked.GetJSON("/2fa/challenge"); a.Status != http.StatusServiceUnavailable {
		t.Errorf("the challenge: got %d, want 503 as nobody can tell who is logged in", a.Status)
	}
}
