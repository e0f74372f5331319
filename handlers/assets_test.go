package handlers_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
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
	a := locked.Do("GET", path, "", "Accept-Encoding", "identity")
	tag := a.Header.Get("ETag")
	for name, want := range map[string]string{
		"Content-Type":                 "text/javascript; charset=utf-8",
		"Cache-Control":                "private, no-cache",
		"Content-Security-Policy":      "default-src 'none'; sandbox",
		"Cross-Origin-Resource-Policy": "same-origin",
		"X-Content-Type-Options":       "nosniff",
		"Vary":                         "Accept-Encoding",
		"Set-Cookie":                   "",
	} {
		expect.Equal(t, a.Header.Get(name), want, name)
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
		a := locked.Do(test.method, test.path, "", "If-None-Match", test.match, "Accept", js, "Accept-Encoding", "identity")
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
	expect.Equal(t, spy.Changes(), 0, "changes")
	locked.GetJSON("/2fa/challenge").Want(t, http.StatusServiceUnavailable, "the challenge, as nobody can tell who is logged in")
}

// The scripts are sent compressed to clients that take that, and are then another
// representation.
func TestAssetsCompressed(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b := app.Browser(t)
	const path = "/2fa/assets/eagate.js"
	whole := b.Do("GET", path, "", "Accept-Encoding", "identity")
	tag := strings.TrimSuffix(whole.Header.Get("ETag"), `"`) + `-gzip"`
	for accept, want := range map[string]string{
		"gzip": "gzip", "br, GZip;q=0.5": "gzip", "x-gzip": "gzip", "*": "gzip", "*;q=0, gzip;q=1.000": "gzip", "gzip ; q=0.001": "gzip",
		"identity": "", "br": "", "gzip;q=0": "", "gzip;q=0.000, *": "", "gzip;q=2": "", "gzip;q=0.5x": "", "gzip;q": "", "gzip;q=": "",
		"gzip;level=9": "", "gzipped": "", "*;q=0": "", "identity, br;q=0.5": "",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := b.Do(method, path, "", "Accept-Encoding", accept)
			if got := a.Header.Get("Content-Encoding"); a.Status != 200 || got != want || a.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s, %q: got %d, encoding %q, Vary %q, want 200 and %q", method, accept, a.Status, got, a.Header.Values("Vary"), want)
			}
			if got := a.Header.Get("ETag"); (got == tag) != (want == "gzip") || got == "" {
				t.Errorf("%s, %q: got ETag %s", method, accept, got)
			}
			if method == "HEAD" || want == "" {
				continue
			}
			if n := len(a.Body); n > 3000 {
				t.Errorf("got %d bytes, want at most 3000", n)
			}
			z := expect.Try(gzip.NewReader(strings.NewReader(a.Body))).OrFail(t)
			if text, err := io.ReadAll(z); err != nil || string(text) != whole.Body {
				t.Errorf("%q: got other content: %v", accept, err)
			}
		}
	}
	if a := b.Do("GET", path+"?v="+strings.Trim(tag, `"`), ""); !strings.HasSuffix(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("by the hash in the ETag: got %q", a.Header.Get("Cache-Control"))
	}
	if a := b.Do("GET", path, "", "Accept-Encoding", "gzip", "If-None-Match", tag); a.Status != 304 || a.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("got %d, want 304", a.Status)
	}
	b.Do("GET", path, "", "Accept-Encoding", "gzip", "If-None-Match", whole.Header.Get("ETag")).Want(t, 200, "the validator of what isn't compressed")
}

// Middleware around the gate that compresses leaves alone what is compressed.
func TestAssetsCompressedOnce(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		return chimiddleware.Compress(5)(app.Sessions.LoadAndSave(app.Gate.Handler(mux)))
	}})
	a := app.Browser(t).Do("GET", "/2fa/assets/eagate.js", "", "Accept-Encoding", "gzip")
	z := expect.Try(gzip.NewReader(strings.NewReader(a.Body))).OrFail(t)
	if text, err := io.ReadAll(z); err != nil || !strings.Contains(string(text), "eagateFetch") || len(a.Header.Values("Content-Encoding")) != 1 {
		t.Errorf("got encodings %q and %.40q (%v), want the script compressed once", a.Header.Values("Content-Encoding"), text, err)
	}
}
