package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

func TestCallbackURL(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		origin string
		want   string // what comes before the secret, or what the error mentions
		fault  bool
	}{
		"https":            {"https://app.example.com", "https://app.example.com/app/2fa/callback/", false},
		"a port":           {"http://app:8080", "http://app:8080/app/2fa/callback/", false},
		"IPv6":             {"http://[::1]:8080", "http://[::1]:8080/app/2fa/callback/", false},
		"no origin":        {"", "give New WithOrigin", true},
		"too long for all": {"https://" + strings.Repeat("x", 200) + ".example.com", "255 characters", true},
	} {
		t.Run(name, func(t *testing.T) {
			options := append(complete(), middleware.WithExternalPath("/app"))
			if test.origin != "" {
				options = append(options, middleware.WithOrigin(test.origin))
			}
			gate := expect.Try(middleware.New(options...)).OrFail(t)
			got, err := gate.CallbackURL()
			if test.fault {
				if err == nil || got != "" || !strings.HasPrefix(err.Error(), "middleware: CallbackURL: ") || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %q, %v, want an error that mentions %q", got, err, test.want)
				}
				return
			}
			if secret, ok := strings.CutPrefix(got, test.want); err != nil || !ok || len(secret) < 32 {
				t.Errorf("got %q, %v, want %s and a secret", got, err, test.want)
			}
		})
	}
}

// Both options take an origin as browsers write it.
func TestOriginsAreChecked(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(string) middleware.Option{
		"WithOrigin":         middleware.WithOrigin,
		"WithTrustedOrigins": func(origin string) middleware.Option { return middleware.WithTrustedOrigins(origin) },
	} {
		for _, origin := range []string{"https://www.example.com", "http://intranet:8080", "http://[::1]:81", "https://xn--bcher-kva.example"} {
			expect.Try(middleware.New(append(complete(), option(origin))...)).OrFail(t, "%s: %q", name, origin)
		}
		for origin, want := range map[string]string{
			"":                                   "no origin",
			"/":                                  "is no origin",
			"null":                               "is no origin",
			"*":                                  "is no origin",
			" https://www.example.com":           "is no origin",
			"https://*.example.com":              "as browsers do",
			"www.example.com":                    "is no origin",
			"www.example.com:443":                "is no origin",
			"https://":                           "is no origin",
			"https://:443":                       "is no origin",
			"https://www.example.com:":           "is no origin",
			"https://www.example.com:65536":      "is no origin",
			"https://www.example.com/":           "is no origin",
			"https://www.example.com/app":        "is no origin",
			"https://www.example.com?x=1":        "is no origin",
			"https://www.example.com#x":          "is no origin",
			"https://me:hunter2@www.example.com": "has no user",
			"ftp://www.example.com":              "neither https nor http",
			"https://WWW.example.com":            "capital letters",
			"https://www.example.com:443":        "own port",
			"http://intranet:80":                 "own port",
			"https://bücher.example":             "xn--",
			"https://a.example;script":           "as browsers do",
		} {
			_, err := middleware.New(append(complete(), option(origin))...)
			if err == nil || !strings.HasPrefix(err.Error(), "middleware: "+name+": ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %q: got %v, want an error that mentions %q", name, origin, err, want)
			}
			for fault := range middleware.ConfigErrors(err) {
				if value, _ := fault.Value.(string); strings.Contains(value, "hunter2") {
					t.Errorf("%s: got the password in the fault's value %q", name, value)
				}
			}
		}
	}
}

// Where a proxy changes Host, the application's own pages are known by WithOrigin, and
// no others.
func TestA31_OwnOriginBehindAProxy(t *testing.T) {
	t.Parallel()
	own := middleware.WithOrigin("https://www.example.com")
	app := apptest.New(t, apptest.Setup{Routes: stepUps, Options: []middleware.Option{own}})
	phone := app.Enrolled(t, alice)
	for origin, isOwn := range map[string]bool{
		"https://www.example.com":              true,
		"http://www.example.com":               false,
		"https://www.example.com.evil.example": false,
		"https://evil.example":                 false,
	} {
		b := byCode(t, app, phone)
		for _, site := range []string{"cross-site", "same-site"} { // the browser knows better
			if a := b.Do(http.MethodPost, "/2fa/recovery-codes", "{}", "Accept", "application/json", "Content-Type", "application/json",
				"Origin", origin, "Sec-Fetch-Site", site); !strings.Contains(a.Body, "cross-site") {
				t.Errorf("a change from %s, %s: got %d %s", origin, site, a.Status, a.Body)
			}
		}
		a := b.Do(http.MethodPost, "/2fa/recovery-codes", "{}", "Accept", "application/json", "Content-Type", "application/json", "Origin", origin)
		expect.Differ(t, strings.Contains(a.Body, "cross-site"), isOwn, "a change from %s, %d %s", origin, a.Status, a.Body)
		app.Clock.Add(10 * apptest.Step)
		a = b.Do(http.MethodPost, "/recent", "n=1", "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded",
			"Origin", origin, "Referer", origin+"/order?n=1")
		if (a.Location == "/2fa/challenge") != isOwn {
			t.Errorf("a form from %s: got %d to %q", origin, a.Status, a.Location)
		}
		if isOwn {
			b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)).WantTo(t, "/order?n=1", "a form from %s", origin)
		}
		app.Clock.Add(apptest.Step)
	}
}
