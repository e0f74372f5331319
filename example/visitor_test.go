package example_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/expect"
)

// A visitor has a browser's cookies, and follows no redirect unasked.
type visitor struct {
	t      *testing.T
	url    string
	client *http.Client
}

func newVisitor(t *testing.T, url string, transport http.RoundTripper) *visitor {
	t.Helper()
	jar := expect.Try(cookiejar.New(nil)).OrFail(t)
	return &visitor{t, url, &http.Client{
		Transport:     transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type answer struct {
	status   int
	location string
	body     string
}

// json returns a field of a JSON object.
func (a answer) json(name string) string {
	var fields map[string]any
	_ = json.Unmarshal([]byte(a.body), &fields)
	value, _ := fields[name].(string)
	return value
}

// begin sends a request, with a form if there is one.
func (v *visitor) begin(path, accept string, form url.Values) *http.Response {
	v.t.Helper()
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req := expect.Try(http.NewRequestWithContext(v.t.Context(), method, v.url+path, body)).OrFail(v.t)
	req.Header.Set("Accept", accept)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res := expect.Try(v.client.Do(req)).OrFail(v.t)
	return res
}

func (v *visitor) send(path, accept string, form url.Values) answer {
	v.t.Helper()
	res := v.begin(path, accept, form)
	defer res.Body.Close()
	body := expect.Try(io.ReadAll(res.Body)).OrFail(v.t)
	return answer{res.StatusCode, res.Header.Get("Location"), string(body)}
}

func (v *visitor) get(path string) answer {
	v.t.Helper()
	return v.send(path, "text/html", nil)
}

// post submits a form of names and values in turn.
func (v *visitor) post(path, accept string, fields ...string) answer {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.send(path, accept, form)
}

// login gives the password, and fails the test unless that leads on.
func (v *visitor) login(to string) {
	v.t.Helper()
	a := v.post("/login", "text/html", "email", "alice@example.com", "password", app.Password)
	v.wantRedirect(a, to)
}

func (v *visitor) wantRedirect(a answer, to string) {
	v.t.Helper()
	if a.status != http.StatusSeeOther || a.location != to {
		v.t.Fatalf("got %d to %q, want 303 to %q\n%s", a.status, a.location, to, a.body)
	}
}

func (v *visitor) wantPage(a answer, status int, text string) {
	v.t.Helper()
	if a.status != status || !strings.Contains(a.body, text) {
		v.t.Fatalf("got %d, want %d and %q in:\n%s", a.status, status, text, a.body)
	}
}
