package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

// usable answers each call with what it wants.
const usable = `{"session_token":"t","secret_number":"70"}`

func TestA34_OnlySuccessIsSuccess(t *testing.T) {
	const (
		js   = "application/json"
		html = "text/html"
	)
	ok := data(usable)
	envelope := func(code string) string { return `{"code":"` + code + `","message":"m","data":""}` }
	tests := []struct {
		name   string
		status int
		ctype  string
		body   string
		want   client.Kind
	}{
		{"inactive", 200, js, envelope("INACTIVE"), client.Inactive},
		{"inactive 403", 403, js, envelope("INACTIVE"), client.Inactive},
		{"inactive 500", 500, js, envelope("INACTIVE"), client.Inactive},
		{"inactive with data", 200, js, `{"code":"INACTIVE","data":` + usable + `}`, client.Inactive},
		{"invalid request", 200, js, envelope("INVALID_REQUEST"), client.Refused},
		{"invalid request 400", 400, js, envelope("INVALID_REQUEST"), client.Refused},
		{"invalid request 500", 500, js, envelope("INVALID_REQUEST"), client.Refused},
		{"unknown code", 200, js, envelope("NEW_CODE"), client.Refused},
		{"unknown code 401", 401, js, envelope("NEW_CODE"), client.Refused},
		{"unknown code 503", 503, js, envelope("NEW_CODE"), client.Unavailable},
		{"success in lower case", 200, js, envelope("success"), client.Refused},
		{"success with a space", 200, js, envelope("SUCCESS "), client.Refused},
		{"success 201", 201, js, ok, client.Protocol},
		{"success 302", 302, js, ok, client.Unavailable},
		{"success 400", 400, js, ok, client.Refused},
		{"success 403", 403, js, ok, client.Refused},
		{"success 500", 500, js, ok, client.Unavailable},
		{"success as text", 200, "text/plain", ok, client.Unavailable},
		{"success as HTML", 200, html, ok, client.Unavailable},
		{"success as JSONP", 200, "application/javascript", ok, client.Unavailable},
		{"success as a broken type", 200, "application/json;;", ok, client.Unavailable},
		{"HTML", 200, html, "<h1>Welcome</h1>", client.Unavailable},
		{"HTML as JSON", 200, js, "<h1>Welcome</h1>", client.Unavailable},
		{"HTML 403", 403, html, "<h1>Forbidden</h1>", client.Refused},
		{"HTML 404", 404, html, "<h1>Not found</h1>", client.Refused},
		{"HTML 429", 429, html, "<h1>Too many</h1>", client.Unavailable},
		{"HTML 500", 500, html, "<h1>Error</h1>", client.Unavailable},
		{"HTML 502", 502, html, "<h1>Bad gateway</h1>", client.Unavailable},
		{"empty", 200, js, "", client.Unavailable},
		{"empty 401", 401, js, "", client.Refused},
		{"no content", 204, js, "", client.Unavailable},
		{"truncated", 200, js, ok[:len(ok)-1], client.Unavailable},
		{"truncated in the data", 200, js, ok[:len(ok)-5], client.Unavailable},
		{"more behind it", 200, js, ok + "{}", client.Unavailable},
		{"two answers", 200, js, envelope("INACTIVE") + ok, client.Unavailable},
		{"no code", 200, js, `{"data":` + usable + `}`, client.Unavailable},
		{"code null", 200, js, `{"code":null,"data":` + usable + `}`, client.Unavailable},
		{"code a number", 200, js, `{"code":200,"data":` + usable + `}`, client.Unavailable},
		{"code an array", 200, js, `{"code":["SUCCESS"],"data":` + usable + `}`, client.Unavailable},
		{"code twice", 200, js, `{"code":"INACTIVE","code":"SUCCESS","data":` + usable + `}`, client.Unavailable},
		{"code in other letters", 200, js, `{"Code":"SUCCESS","data":` + usable + `}`, client.Unavailable},
		{"code in both letters", 200, js, `{"code":"INACTIVE","Code":"SUCCESS","data":` + usable + `}`, client.Inactive},
		{"array", 200, js, "[" + ok + "]", client.Unavailable},
		{"string", 200, js, `"SUCCESS"`, client.Unavailable},
		{"null", 200, js, `null`, client.Unavailable},
	}
	for _, tt := range tests {
		for _, op := range operations {
			t.Run(tt.name+"/"+op.name, func(t *testing.T) {
				c := serve(t, says(tt.status, tt.ctype, tt.body))
				e := wantKind(t, op.call(t.Context(), c), tt.want)
				if e.Op != op.name || e.Status != tt.status {
					t.Errorf("got op %q and status %d, want %q and %d", e.Op, e.Status, op.name, tt.status)
				}
			})
		}
	}
}

func TestSuccess(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			c := serve(t, says(200, "application/json", data(usable)))
			if err := op.call(t.Context(), c); err != nil {
				t.Errorf("got error %v, want none", err)
			}
		})
	}
}

func TestErrorTellsWhatTheServiceSays(t *testing.T) {
	long := strings.Repeat("no ", 1000)
	tests := []struct {
		name          string
		status        int
		body          string
		code, message string
		hint          bool
	}{
		{"plain", 400, `{"code":"INVALID_REQUEST","message":"Email is unknown"}`, "INVALID_REQUEST", "Email is unknown", true},
		{"no message", 200, `{"code":"INVALID_REQUEST"}`, "INVALID_REQUEST", "", false},
		{"message no string", 200, `{"code":"INVALID_REQUEST","message":{"a":1}}`, "INVALID_REQUEST", "", false},
		{"line feed and escape", 200, `{"code":"A\nB","message":"a\r\nlevel=ERROR\u001b[31m\u202e\u0000b"}`, "AB", "alevel=ERROR[31mb", false},
		{"long", 200, `{"code":"X","message":"` + long + `"}`, "X", long[:200] + "…", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, says(tt.status, "application/json", tt.body))
			_, err := c.CreateSession(t.Context(), email)
			e := wantKind(t, err, client.Refused)
			if e.Code != tt.code || e.Message != tt.message {
				t.Errorf("got %q and %q, want %q and %q", e.Code, e.Message, tt.code, tt.message)
			}
			expect.Equal(t, strings.Contains(err.Error(), "registered in the Console"), tt.hint, "hint")
			if strings.ContainsAny(err.Error(), "\n\r\x1b") {
				t.Errorf("got more than one plain line: %q", err.Error())
			}
		})
	}
}

func TestConnectionRefusedHints(t *testing.T) {
	refusing := func(base string) error {
		c := client.New(clientID, apiKey, client.WithBaseURL(base), client.WithAttempts(1), wire(dialFails).option())
		_, err := c.CreateSession(t.Context(), email)
		return err
	}
	err := refusing("https://authen.example.com")
	wantKind(t, err, client.Unavailable)
	expect.Contains(t, err.Error(), "registered in the Console", "a hint at the IP address")
	expect.Lacks(t, refusing("http://localhost:1").Error(), "Console")
}

func TestA34_RedirectRefused(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, op := range operations {
			t.Run(http.StatusText(status)+"/"+op.name, func(t *testing.T) {
				elsewhere := newTLSServer(t, func(w http.ResponseWriter, r *http.Request) {
					t.Errorf("the redirect was followed, with key %q", r.Header.Get("X-API-Key"))
					says(200, "application/json", data(usable))(w, r)
				})
				service := newTLSServer(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					http.Redirect(w, r, elsewhere.URL+r.URL.Path, status)
				})
				c := client.New(clientID, apiKey, client.WithBaseURL(service.URL), client.WithHTTPClient(service.Client()))
				wantKind(t, op.call(t.Context(), c), client.Unavailable)
			})
		}
	}
}

func TestErrorKindsAreDistinct(t *testing.T) {
	e := &client.Error{Op: "CreateSession", Kind: client.Canceled}
	for _, sentinel := range []error{client.ErrUnavailable, client.ErrInactive, client.ErrRefused, client.ErrProtocol, client.ErrInvalid, nil} {
		if errors.Is(e, sentinel) {
			t.Errorf("a cancelled call is %v", sentinel)
		}
	}
}

// An error says what to see to, where something can be seen to.
func TestErrorNamesRemedy(t *testing.T) {
	t.Parallel()
	const (
		js     = "application/json"
		where  = ": see WithBaseURL and WithPaths"
		base   = "https://authen.example.com/authen-api/api/v1"
		off    = "the application is switched off in the Console"
		noPush = "or this user's phone has not allowed push notifications"
		ip     = "registered in the Console?"
	)
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		op     int      // of operations
		want   []string // in the error; what isn't here of the others isn't there
	}{
		"INACTIVE, of a session": {says(200, js, `{"code":"INACTIVE"}`), 0, []string{off, noPush}},
		"INACTIVE, of a number":  {says(200, js, `{"code":"INACTIVE"}`), 1, []string{off}},
		"INACTIVE, of a status":  {says(200, js, `{"code":"INACTIVE"}`), 2, []string{off}},
		"404":                    {says(404, "text/html", "no such page"), 0, []string{"asked for POST " + base + "/session-token" + where}},
		"404 as an envelope":     {says(404, js, `{"code":"NOT_FOUND"}`), 1, []string{"asked for GET " + base + "/secret-number" + where}},
		"405":                    {says(405, "text/plain", ""), 2, []string{"asked for POST " + base + "/mfa/toggle" + where}},
		"a web page":             {says(200, "text/html", "welcome"), 0, []string{"asked for POST " + base + "/session-token" + where}},
		"a redirect":             {says(302, "text/html", ""), 0, []string{"asked for POST " + base + "/session-token" + where}},
		"403":                    {says(403, "text/html", ""), 0, []string{ip}},
		"429":                    {says(429, "text/html", ""), 0, nil},
		"500":                    {says(500, "text/html", ""), 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client.New(clientID, apiKey, client.WithBaseURL(base), client.WithAttempts(1), wire(func(r *http.Request) (*http.Response, error) {
				w := httptest.NewRecorder()
				test.answer(w, r)
				return w.Result(), nil
			}).option())
			err := operations[test.op].call(t.Context(), c)
			if err == nil {
				t.Fatal("got no error")
			}
			got := err.Error()
			for _, want := range test.want {
				expect.Contains(t, got, want)
			}
			for _, other := range []string{where, off, noPush, ip} {
				if strings.Contains(got, other) && !strings.Contains(strings.Join(test.want, " "), other) {
					t.Errorf("got %v, it not to say %q", err, other)
				}
			}
		})
	}
}
