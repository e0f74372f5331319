package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/expect"
)

// What browsers and libraries send with requests of each kind.
func TestKindOf(t *testing.T) {
	t.Parallel()
	const (
		chrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
		safari = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
		app    = "com.example.app"
	)
	navigate := []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	fetch := []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}
	for name, c := range map[string]struct {
		method string
		head   []string
		also   []string
		want   handlers.Kind
	}{
		"Chrome opens a page":               {"GET", []string{"Accept", chrome, "Sec-Fetch-User", "?1"}, navigate, handlers.KindNavigation},
		"Safari 15 opens a page":            {"GET", []string{"Accept", safari}, nil, handlers.KindNavigation},
		"an old browser reloads":            {"GET", []string{"Accept", "image/gif, image/jpeg, */*"}, nil, handlers.KindNavigation},
		"curl":                              {"GET", []string{"Accept", "*/*"}, nil, handlers.KindNavigation},
		"a WebView opens a page":            {"GET", []string{"Accept", chrome, "X-Requested-With", app}, navigate, handlers.KindNavigation},
		"an old WebView opens a page":       {"GET", []string{"Accept", safari, "X-Requested-With", "org.Example_2.app"}, nil, handlers.KindNavigation},
		"a WebView's script":                {"GET", []string{"Accept", "*/*", "X-Requested-With", app}, fetch, handlers.KindProgram},
		"an old WebView's script":           {"GET", []string{"Accept", "*/*", "X-Requested-With", app}, nil, handlers.KindProgram},
		"an old WebView's picture":          {"GET", []string{"Accept", "image/webp,*/*;q=0.8", "X-Requested-With", app}, nil, handlers.KindProgram},
		"jQuery asks for HTML":              {"GET", []string{"Accept", "text/html, */*; q=0.01", "X-Requested-With", "XMLHttpRequest"}, nil, handlers.KindProgram},
		"a script with a name of its own":   {"GET", []string{"Accept", "text/html", "X-Requested-With", "fetch"}, nil, handlers.KindProgram},
		"a name with an empty part":         {"GET", []string{"Accept", "text/html", "X-Requested-With", "com..app"}, nil, handlers.KindProgram},
		"a name that ends with a dot":       {"GET", []string{"Accept", "text/html", "X-Requested-With", "XMLHttpRequest."}, nil, handlers.KindProgram},
		"a part that begins with a digit":   {"GET", []string{"Accept", "text/html", "X-Requested-With", "com.1app"}, nil, handlers.KindProgram},
		"an empty name":                     {"GET", []string{"Accept", "text/html", "X-Requested-With", ""}, nil, handlers.KindProgram},
		"a WebView's script sends the name": {"GET", []string{"Accept", "text/html", "X-Requested-With", app, "X-Requested-With", "XMLHttpRequest"}, nil, handlers.KindProgram},
		"a script asks for HTML":            {"GET", []string{"Accept", "text/html"}, fetch, handlers.KindProgram},
		"a script asks for JSON":            {"GET", []string{"Accept", "application/json"}, fetch, handlers.KindProgram},
		"an API client":                     {"GET", []string{"Accept", "application/json"}, nil, handlers.KindProgram},
		"a script, by its mode alone":       {"GET", []string{"Accept", "text/html", "Sec-Fetch-Mode", "cors"}, nil, handlers.KindProgram},
		"an API client takes a page too":    {"GET", []string{"Accept", "application/json, text/html;q=0.5"}, nil, handlers.KindProgram},
		"a prerender, said alone":           {"GET", []string{"Accept", chrome, "Sec-Purpose", "prerender"}, navigate, handlers.KindAhead},
		"a picture":                         {"GET", []string{"Accept", "image/avif,image/webp,*/*;q=0.8", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, nil, handlers.KindProgram},
		"a frame":                           {"GET", []string{"Accept", chrome, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, nil, handlers.KindProgram},
		"a WebSocket":                       {"GET", []string{"Upgrade", "websocket", "Connection", "Upgrade"}, nil, handlers.KindUpgrade},
		"events":                            {"GET", []string{"Accept", "text/event-stream"}, nil, handlers.KindProgram},
		"HEAD":                              {"HEAD", []string{"Accept", "*/*"}, nil, handlers.KindProgram},

		"Chrome sends a form":     {"POST", []string{"Accept", chrome, "Sec-Fetch-User", "?1"}, navigate, handlers.KindForm},
		"Safari 15 sends a form":  {"POST", []string{"Accept", safari}, nil, handlers.KindForm},
		"a WebView sends a form":  {"POST", []string{"Accept", chrome, "X-Requested-With", app}, navigate, handlers.KindForm},
		"a script sends a form":   {"POST", []string{"Accept", "*/*"}, fetch, handlers.KindProgram},
		"curl sends a form":       {"POST", []string{"Accept", "*/*"}, nil, handlers.KindProgram},
		"jQuery sends a form":     {"POST", []string{"Accept", "text/html, */*; q=0.01", "X-Requested-With", "XMLHttpRequest"}, nil, handlers.KindProgram},
		"a browser sends no PUT":  {"PUT", []string{"Accept", safari}, nil, handlers.KindProgram},
		"an API client sends one": {"POST", []string{"Accept", "application/json"}, nil, handlers.KindProgram},

		"htmx gets":               {"GET", []string{"Accept", "*/*", "HX-Request", "true"}, fetch, handlers.KindFragment},
		"htmx 4 gets":             {"GET", []string{"Accept", "text/html", "HX-Request", "true"}, fetch, handlers.KindFragment},
		"htmx posts":              {"POST", []string{"Accept", "*/*", "HX-Request", "true"}, fetch, handlers.KindFragment},
		"htmx in a WebView":       {"GET", []string{"Accept", "*/*", "HX-Request", "true", "X-Requested-With", app}, fetch, handlers.KindFragment},
		"htmx follows a boosted":  {"GET", []string{"Accept", "*/*", "HX-Request", "true", "HX-Boosted", "true"}, fetch, handlers.KindFragment},
		"htmx 1 restores":         {"GET", []string{"Accept", "*/*", "HX-History-Restore-Request", "true"}, fetch, handlers.KindRestore},
		"htmx 2 restores":         {"GET", []string{"Accept", "*/*", "HX-Request", "true", "HX-History-Restore-Request", "true"}, fetch, handlers.KindRestore},
		"somebody else's header":  {"GET", []string{"Accept", chrome, "HX-Request", "false"}, navigate, handlers.KindNavigation},
		"htmx preloads":           {"GET", []string{"Accept", "*/*", "HX-Request", "true", "HX-Preloaded", "true"}, fetch, handlers.KindAhead},
		"htmx preloads a link":    {"GET", []string{"Accept", "*/*", "HX-Preloaded", "true"}, fetch, handlers.KindAhead},
		"Chrome prefetches":       {"GET", []string{"Accept", chrome, "Sec-Purpose", "prefetch", "Purpose", "prefetch"}, navigate, handlers.KindAhead},
		"Chrome prerenders":       {"GET", []string{"Accept", chrome, "Sec-Purpose", "prefetch;prerender"}, navigate, handlers.KindAhead},
		"Chrome by a proxy":       {"GET", []string{"Accept", chrome, "Sec-Purpose", "prefetch;anonymous-client-ip"}, navigate, handlers.KindAhead},
		"Chrome, link rel":        {"GET", []string{"Accept", "*/*", "Purpose", "prefetch", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "empty"}, nil, handlers.KindAhead},
		"Safari previews":         {"GET", []string{"Accept", safari, "X-Purpose", "preview"}, nil, handlers.KindAhead},
		"Safari 15 previews":      {"GET", []string{"Accept", safari, "Purpose", "preview"}, nil, handlers.KindAhead},
		"Firefox prefetches":      {"GET", []string{"Accept", safari, "X-Moz", "prefetch"}, nil, handlers.KindAhead},
		"Turbo prefetches":        {"GET", []string{"Accept", "text/html, application/xhtml+xml", "X-Sec-Purpose", "prefetch"}, fetch, handlers.KindAhead},
		"in other letters":        {"GET", []string{"Accept", safari, "Sec-Purpose", " Prefetch ;prerender"}, nil, handlers.KindAhead},
		"a purpose of its own":    {"GET", []string{"Accept", safari, "Purpose", "signing-in"}, nil, handlers.KindNavigation},
		"asked for, and it says":  {"GET", []string{"Accept", chrome, "Sec-Purpose", "none"}, navigate, handlers.KindNavigation},
		"a program that prefetch": {"GET", []string{"Accept", "application/json", "X-Sec-Purpose", "prefetch"}, nil, handlers.KindAhead},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		for head := c.head; len(head) > 0; head = head[2:] {
			r.Header.Add(head[0], head[1])
		}
		for head := c.also; len(head) > 0; head = head[2:] {
			r.Header.Add(head[0], head[1])
		}
		expect.Equal(t, handlers.KindOf(r), c.want, "%s, kind", name)
	}
	expect.Equal(t, handlers.KindOf(httptest.NewRequest(http.MethodGet, "/", nil)), handlers.KindNavigation, "without any header")
}
