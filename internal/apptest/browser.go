package apptest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
)

// A Browser keeps cookies and follows no redirect unless told to.
type Browser struct {
	t   testing.TB
	App *App
	Jar http.CookieJar
	c   *http.Client

	quiet bool
	kept  []string // the fields of the last form of Kept
}

// Quiet makes a broken connection no failure of the test.
func (b *Browser) Quiet() *Browser {
	q := *b
	q.quiet = true
	return &q
}

// Browser returns a new browser.
func (a *App) Browser(t testing.TB) *Browser {
	t.Helper()
	jar := expect.Try(cookiejar.New(nil)).OrFail(t)
	return a.browserWith(t, jar)
}

// transport isn't the default one, whose connections each test server closes that
// ends.
var transport = http.DefaultTransport.(*http.Transport).Clone()

func (a *App) browserWith(t testing.TB, jar http.CookieJar) *Browser {
	return &Browser{t: t, App: a, Jar: jar, c: &http.Client{
		Transport:     transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// On returns the same browser at another node.
func (b *Browser) On(app *App) *Browser { return app.browserWith(b.t, b.Jar) }

// Copy returns another browser with the same cookies: a thief's.
func (b *Browser) Copy() *Browser {
	b.t.Helper()
	c := b.App.Browser(b.t)
	u := expect.Try(url.Parse(b.App.URL)).OrFail(b.t)
	c.Jar.SetCookies(u, b.Jar.Cookies(u))
	return c
}

// Thief returns another browser that has this one's session cookie, and nothing else.
func (b *Browser) Thief() *Browser {
	b.t.Helper()
	c := b.App.Browser(b.t)
	name := b.App.Sessions.Cookie.Name
	c.SetCookie(name, b.Cookie(name))
	return c
}

// Cookie returns the value of a cookie, or "".
func (b *Browser) Cookie(name string) string {
	return b.Cookies()[name]
}

// Cookies returns the cookies by name.
func (b *Browser) Cookies() map[string]string {
	u, _ := url.Parse(b.App.URL)
	cookies := make(map[string]string)
	for _, c := range b.Jar.Cookies(u) {
		cookies[c.Name] = c.Value
	}
	return cookies
}

// SetCookie sets a cookie.
func (b *Browser) SetCookie(name, value string) {
	u, _ := url.Parse(b.App.URL)
	b.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// An Answer is a response that was read.
type Answer struct {
	Status   int
	Header   http.Header
	Location string
	Body     string
}

// JSON returns a field of a JSON body.
func (a Answer) JSON(name string) any {
	var fields map[string]any
	if json.Unmarshal([]byte(a.Body), &fields) != nil {
		return nil
	}
	return fields[name]
}

// Secret reports whether the guarded page was shown.
func (a Answer) Secret() bool { return strings.Contains(a.Body, Secret) }

// Want fails the test unless the answer has that status. What is as in package expect.
func (a Answer) Want(t testing.TB, status int, what ...any) {
	t.Helper()
	expect.Equal(t, a.Status, status, what...)
	if a.Status != status {
		t.Logf("to %q\n%s", a.Location, a.Body)
	}
}

// WantTo fails the test unless the answer leads there.
func (a Answer) WantTo(t testing.TB, location string, what ...any) {
	t.Helper()
	a.Want(t, http.StatusSeeOther, what...)
	expect.Equal(t, a.Location, location, what...)
}

// WantPage fails the test unless the answer has that status, and the part in its body.
func (a Answer) WantPage(t testing.TB, status int, part string, what ...any) {
	t.Helper()
	a.Want(t, status, what...)
	expect.Contains(t, a.Body, part, what...)
}

// WantSecret fails the test unless the guarded page was shown.
func (a Answer) WantSecret(t testing.TB, what ...any) {
	t.Helper()
	a.WantPage(t, http.StatusOK, Secret, what...)
}

// Do sends a request; head holds names and values in turn.
func (b *Browser) Do(method, path, body string, head ...string) Answer {
	b.t.Helper()
	req := expect.Try(http.NewRequest(method, b.App.URL+path, strings.NewReader(body))).OrFail(b.t)
	for i := 0; i < len(head); i += 2 {
		req.Header.Add(head[i], head[i+1])
	}
	return b.Send(req)
}

// Send sends a request.
func (b *Browser) Send(req *http.Request) Answer {
	b.t.Helper()
	res, err := b.c.Do(req)
	if err != nil {
		if !b.quiet {
			b.t.Error(err)
		}
		return Answer{}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Errorf("%s %s: body: %v", req.Method, req.URL.Path, err)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Location: res.Header.Get("Location"), Body: string(text)}
}

// Get navigates to a page.
func (b *Browser) Get(path string) Answer {
	b.t.Helper()
	return b.Do(http.MethodGet, path, "", "Accept", "text/html")
}

// Follow is Get with redirects, and returns the last page's path too.
func (b *Browser) Follow(path string) (Answer, string) {
	b.t.Helper()
	for range 10 {
		a := b.Get(path)
		if a.Location == "" {
			return a, path
		}
		path = a.Location
	}
	b.t.Fatal("too many redirects")
	return Answer{}, ""
}

// GetJSON is a program's GET.
func (b *Browser) GetJSON(path string) Answer {
	b.t.Helper()
	return b.Do(http.MethodGet, path, "", "Accept", "application/json")
}

// Post submits a form of names and values in turn.
func (b *Browser) Post(path string, fields ...string) Answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.Do(http.MethodPost, path, form.Encode(), "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded")
}

// PostJSON is a program's POST of a JSON body.
func (b *Browser) PostJSON(path, body string) Answer {
	b.t.Helper()
	return b.Do(http.MethodPost, path, body, "Accept", "application/json", "Content-Type", "application/json")
}
