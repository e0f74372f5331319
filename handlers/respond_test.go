package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/expect"
)

func TestPrefersJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		accept          []string
		json, mayBePage bool
	}{
		{nil, false, true},
		{[]string{"*/*"}, false, true},
		{[]string{"text/html"}, false, true},
		{[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, false, true},
		{[]string{"application/json"}, true, false},
		{[]string{"application/problem+json"}, true, false},
		{[]string{"Application/JSON; charset=utf-8"}, true, false},
		{[]string{"application/json, text/plain, */*"}, true, false},
		{[]string{"application/json;q=0.5, */*"}, false, true},
		{[]string{"text/html, application/json"}, false, true},
		{[]string{"text/html;q=0.9, application/json"}, true, false},
		{[]string{"text/html;q=0, application/json"}, true, false},
		{[]string{"text/html", "application/json;q=0.9"}, false, true},
		{[]string{"text/html;q=0.9", "application/json"}, true, false},
		{[]string{"application/json;q=0"}, false, false},
		{[]string{"application/json;q=NaN, text/html;q=0.1"}, false, true},
		{[]string{"application/json;q=1e9, text/html"}, false, true},
		{[]string{"application/json;q=2"}, false, false},
		{[]string{"text/event-stream"}, false, false},
		{[]string{"image/png"}, false, false},
		{[]string{"nonsense"}, false, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Accept"] = c.accept
		expect.Equal(t, handlers.PrefersJSON(r), c.json, "%q, JSON", c.accept)
		expect.Equal(t, handlers.KindOf(r) == handlers.KindNavigation, c.mayBePage, "%q, a navigation", c.accept)
	}
}

// Whoever takes anything, as fetch does unless told otherwise, gets JSON if that is what
// it sends.
func TestPrefersTheJSONThatWasSent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		accept, contentType string
		json                bool
	}{
		{"*/*", "application/json", true},
		{"", "application/json; charset=utf-8", true},
		{"*/*", "application/x-www-form-urlencoded", false},
		{"*/*", "", false},
		{"text/html, */*", "application/json", false},
		{"image/png", "application/json", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Content-Type", c.contentType)
		if c.accept != "" {
			r.Header.Set("Accept", c.accept)
		}
		expect.Equal(t, handlers.PrefersJSON(r), c.json, "Accept %q, Content-Type %q, JSON", c.accept, c.contentType)
	}
}

func FuzzAccept(f *testing.F) {
	for _, s := range []string{"text/html", "application/json;q=0.5, */*", "a/b;q=NaN,application/json;q=-1", `text/html;q="0.1,application/json"`, ",;,", "*/*;q=+Inf"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		json := handlers.PrefersJSON(r)
		if json && handlers.KindOf(r) == handlers.KindNavigation {
			t.Errorf("%q: JSON is preferred, and yet it is a navigation", accept)
		}
		// What is named with full weight in front decides.
		r.Header.Set("Accept", "text/html, "+accept)
		if handlers.PrefersJSON(r) {
			t.Errorf("text/html, %q: JSON is preferred", accept)
		}
		r.Header.Set("Accept", "image/png")
		r.Header.Add("Accept", "application/json")
		if !handlers.PrefersJSON(r) {
			t.Error("JSON alone isn't preferred")
		}
	})
}
