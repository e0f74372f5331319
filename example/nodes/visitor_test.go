//go:build linux

package nodes_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/expect"
)

// inside is what only the account page says.
const inside = `id="verification"`

// A visitor is a user's browser: its cookies are good at every node, and it
// follows no redirect unasked.
type visitor struct {
	*user
	t      *testing.T
	client *http.Client

	// proved is set when the phone is about to approve, or a right code about to
	// be sent. Until then, a session of a user with a second factor must not see
	// the account page.
	proved bool
}

func newVisitor(t *testing.T, u *user) *visitor {
	t.Helper()
	jar := expect.Try(cookiejar.New(nil)).OrFail(t)
	return &visitor{user: u, t: t, client: &http.Client{
		Jar:           jar,
		Timeout:       patience,
		Transport:     &http.Transport{DisableKeepAlives: true}, // no request is sent twice
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// An answer is what came of a request.
type answer struct {
	status   int
	location string
	body     string
}

func (a answer) String() string {
	body := a.body
	if i := strings.Index(body, "<main"); i >= 0 { // what is above it is the same everywhere
		body = body[i:]
	}
	return fmt.Sprintf("%d to %q\n%.600s", a.status, a.location, body)
}

// leadsTo reports whether the answer leads to that page.
func (a answer) leadsTo(path string) bool {
	return a.status == http.StatusSeeOther && a.location == path
}

// isIn reports whether the answer is the account page of a proved session.
func (a answer) isIn() bool {
	return a.status == http.StatusOK && strings.Contains(a.body, `data-verified="true"`)
}

// json returns a field of a JSON object.
func (a answer) json(name string) string {
	var fields map[string]any
	_ = json.Unmarshal([]byte(a.body), &fields)
	value, _ := fields[name].(string)
	return value
}

const (
	asPage    = "text/html"
	asProgram = "application/json"
)

// send sends a request, with a form if there is one. Whatever arrives of the
// answer is looked through, if the connection breaks too.
func (v *visitor) send(n *node, path, accept string, form url.Values) (answer, error) {
	v.t.Helper()
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req := expect.Try(http.NewRequestWithContext(v.t.Context(), method, n.url()+path, body)).OrFail(v.t)
	req.Header.Set("Accept", accept)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if !v.proved && strings.Contains(string(text), inside) {
		v.t.Errorf("%s got in at %s without a proof:\n%s", v.email, n.name, text)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), string(text)}, err
}

// get is send for a page from a node that is up.
func (v *visitor) get(n *node, path string) answer {
	v.t.Helper()
	return v.must(v.send(n, path, asPage, nil))
}

// form is one of names and values in turn.
func form(fields ...string) url.Values {
	f := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		f.Set(fields[i], fields[i+1])
	}
	return f
}

func (v *visitor) must(a answer, err error) answer {
	v.t.Helper()
	expect.NoError(v.t, err)
	return a
}

// login gives the password.
func (v *visitor) login(n *node) (answer, error) {
	v.t.Helper()
	return v.send(n, "/login", asPage, form("email", v.email, "password", app.Password))
}
