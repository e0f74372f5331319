package middleware_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

// behind returns a proxy that takes the prefix of each application off.
func behind(t *testing.T, apps map[string]*apptest.App) string {
	t.Helper()
	mux := http.NewServeMux()
	for prefix, app := range apps {
		target := expect.Try(url.Parse(app.URL)).OrFail(t)
		mux.Handle(prefix+"/", http.StripPrefix(prefix, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		}}))
	}
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	for prefix, app := range apps {
		path := apptest.CallbackPath(app.Gate)
		if !strings.HasPrefix(path, prefix+"/2fa/callback/") {
			t.Errorf("got callback path %q, want one below %s", path, prefix)
		}
		app.Emulator.SetCallbackURL(front.URL + path)
	}
	return front.URL
}

// A surfer is a browser in front of a proxy. It follows redirects, and knows all paths
// that it was led to.
type surfer struct {
	t      *testing.T
	origin string
	c      *http.Client
	been   []string

	cookies map[string]string // the gates' by name, and the prefix where they were set
}

func newSurfer(t *testing.T, origin string) *surfer {
	t.Helper()
	jar := expect.Try(cookiejar.New(nil)).OrFail(t)
	s := &surfer{t: t, origin: origin, cookies: make(map[string]string)}
	s.c = &http.Client{Jar: jar, Transport: s}
	return s
}

// RoundTrip implements [http.RoundTripper].
func (s *surfer) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		s.been = append(s.been, r.URL.RequestURI())
		for _, c := range res.Cookies() {
			if strings.Contains(c.Name, "eagate") {
				prefix := r.URL.Path[:len("/one")]
				if c.Path != "/" || s.cookies[c.Name] != "" && s.cookies[c.Name] != prefix {
					s.t.Errorf("got cookie %s with path %q of %s, want path /, and a name of its own", c.Name, c.Path, prefix)
				}
				s.cookies[c.Name] = prefix
			}
		}
	}
	return res, err
}

// open goes to a path, by a form if there is one, and returns the page and where it is.
func (s *surfer) open(path string, form url.Values, head ...string) (body, at string) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.origin+path, nil)
	if form != nil {
		r, err = http.NewRequest(http.MethodPost, s.origin+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", s.origin)
	}
	expect.NoError(s.t, err)
	r.Header.Set("Accept", "text/html")
	for ; len(head) > 0; head = head[2:] {
		r.Header.Set(head[0], head[1])
	}
	res := expect.Try(s.c.Do(r)).OrFail(s.t)
	defer res.Body.Close()
	page := expect.Try(io.ReadAll(res.Body)).OrFail(s.t)
	return string(page), res.Request.URL.RequestURI()
}

func (s *surfer) json(method, path string) apptest.Answer {
	s.t.Helper()
	r := expect.Try(http.NewRequest(method, s.origin+path, nil)).OrFail(s.t)
	r.Header.Set("Accept", "application/json")
	res := expect.Try(s.c.Do(r)).OrFail(s.t)
	defer res.Body.Close()
	body := expect.Try(io.ReadAll(res.Body)).OrFail(s.t)
	return apptest.Answer{Status: res.StatusCode, Body: string(body)}
}

// wantBelow fails the test unless all addresses on a page are below the prefix.
func (s *surfer) wantBelow(prefix, page string) {
	s.t.Helper()
	for _, found := range regexp.MustCompile(`(?:href|action|data-[a-z]+)="(/[^"]*)"|url=(/[^"]*)"`).FindAllStringSubmatch(page, -1) {
		if address := found[1] + found[2]; !strings.HasPrefix(address, prefix+"/") {
			s.t.Errorf("got %q on a page, it below %s", address, prefix)
		}
	}
}

// enrol sets up a phone behind the prefix.
func (s *surfer) enrol(app *apptest.App, prefix string) *emulator.Phone {
	s.t.Helper()
	s.open(prefix+"/login", url.Values{"email": {alice}})
	page, _ := s.open(prefix+"/2fa/", nil)
	s.wantBelow(prefix, page)
	page, at := s.open(prefix+"/2fa/enable", url.Values{})
	expect.Equal(s.t, at, prefix+"/2fa/enable", "enrolment, to")
	s.wantBelow(prefix, page)
	uri, _ := s.json(http.MethodGet, prefix+"/2fa/enable").JSON("uri").(string)
	phone := app.Emulator.Phone(alice)
	expect.NoError(s.t, phone.AddAccount(uri))
	page, _ = s.open(prefix+"/2fa/enable/confirm", url.Values{"code": {apptest.Code(s.t, phone)}})
	s.wantBelow(prefix, page)
	app.Clock.Add(apptest.Step)
	return phone
}

// Two applications on one host, each behind a prefix that the proxy takes off, with all
// that the gate does. No address leaves the prefix, and no cookie has it as its path.
func TestExternalPath(t *testing.T) {
	t.Parallel()
	apps := make(map[string]*apptest.App)
	for _, prefix := range []string{"/one", "/two"} {
		apps[prefix] = apptest.New(t, apptest.Setup{
			Options:  []middleware.Option{middleware.WithExternalPath(prefix), middleware.WithTrustedDevices(time.Hour), links(templates.Links{Password: "/password", Help: "/help", Privacy: "/privacy"})},
			Sessions: func(m *scs.SessionManager) { m.Cookie.Path = prefix },
			Routes:   stepUps,
		})
	}
	s := newSurfer(t, behind(t, apps))
	phones := make(map[string]*emulator.Phone)
	for prefix, app := range apps {
		phones[prefix] = s.enrol(app, prefix)
	}
	for prefix, app := range apps {
		phone := phones[prefix]
		s.open(prefix+"/logout", url.Values{})
		s.open(prefix+"/login", url.Values{"email": {alice}})
		a := s.json(http.MethodGet, prefix+"/account")
		expect.Equal(t, a.JSON("challenge_url"), any(prefix+"/2fa/challenge"), "%s: a program, %s", prefix, a.Body)
		page, at := s.open(prefix+"/account?tab=2", nil)
		expect.Equal(t, at, prefix+"/2fa/challenge", "%s: stopped", prefix)
		s.wantBelow(prefix, page)
		apptest.Approve(t, phone)
		expect.Equal(t, s.json(http.MethodGet, prefix+"/2fa/challenge/status").JSON("next"), any(prefix+"/2fa/challenge"), "%s: status", prefix)
		if page, at := s.open(prefix+"/2fa/challenge", nil); at != prefix+"/account?tab=2" || page != apptest.Secret {
			t.Errorf("%s: approved: got to %s, want the page that was asked for", prefix, at)
		}
		// A form that wants more comes back to its own page, which the browser names.
		app.Clock.Add(20 * apptest.Step)
		page, at = s.open(prefix+"/recent", url.Values{}, "Referer", s.origin+prefix+"/form")
		expect.Equal(t, at, prefix+"/2fa/challenge", "%s: step-up, to", prefix)
		s.wantBelow(prefix, page)
		if _, at := s.open(prefix+"/2fa/challenge/totp", url.Values{"code": {apptest.Code(t, phone)}}); at != prefix+"/form" {
			t.Errorf("%s: after the step-up: got to %s, want %s/form", prefix, at, prefix)
		}
		for _, path := range []string{"/2fa/", "/2fa/devices", "/2fa/recovery-codes", "/2fa/nothing"} {
			page, _ := s.open(prefix+path, nil)
			s.wantBelow(prefix, page)
		}
		if _, at := s.open(prefix+"/2fa/challenge", nil); at != prefix+"/" {
			t.Errorf("%s: with nothing to prove: got to %s, want the home page", prefix, at)
		}
	}
	for prefix := range apps { // the one's unlock has not undone the other's
		if page, at := s.open(prefix+"/account", nil); page != apptest.Secret {
			t.Errorf("%s: at the end: got to %s, want the page", prefix, at)
		}
	}
	for _, path := range s.been {
		if !strings.HasPrefix(path, "/one/") && !strings.HasPrefix(path, "/two/") {
			t.Errorf("led to %s, which is in front of the prefixes", path)
		}
	}
}

// Where the prefix is taken off in the same program, the request line still has it.
func TestExternalPathInOneProgram(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{
		Options: []middleware.Option{middleware.WithExternalPath("/app")},
		Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
			return http.StripPrefix("/app", app.Sessions.LoadAndSave(app.Gate.Handler(mux)))
		},
	})
	s := newSurfer(t, app.URL)
	phone := s.enrol(app, "/app")
	s.open("/app/logout", url.Values{})
	s.open("/app/login", url.Values{"email": {alice}})
	for _, path := range []string{"/app/account?tab=2", "/app/app/account", "/app/%61pp/x"} {
		if _, at := s.open(path, nil); at != "/app/2fa/challenge" {
			t.Fatalf("%s: stopped: got to %s", path, at)
		}
	}
	if page, at := s.open("/app/2fa/challenge/totp", url.Values{"code": {apptest.Code(t, phone)}}); at != "/app/%61pp/x" || page != apptest.Secret {
		t.Errorf("got to %s, want the page that was asked for last", at)
	}
}

func TestExternalPathIsChecked(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{
		"app": "plain path", "/": "ends with a slash", "/app/": "ends with a slash", "/a//b": "plain path", "/app?x": "plain path",
		"https://app.example.com/app": "plain path", "/é": "escaped", "/account": "WithBasePath",
	} {
		_, err := middleware.New(append(complete(), middleware.WithBasePath("/account/2fa"), middleware.WithExternalPath(prefix))...)
		if err == nil || !strings.Contains(err.Error(), "middleware: WithExternalPath: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error that mentions %q", prefix, err, want)
		}
	}
	if _, err := middleware.New(append(complete(), middleware.WithExternalPath("/acc"), middleware.WithBasePath("/account/2fa"))...); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}
