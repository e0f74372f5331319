package middleware_test

import (
	"bytes"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

func TestRedactURL(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ url, want string }{
		"callback":               {"/2fa/callback/SECRET?result=true&session_token=TOKEN", "/2fa/callback/REDACTED?result=true&session_token=REDACTED"},
		"elsewhere":              {"https://app.example.com/account/2fa/callback/SECRET", "https://app.example.com/account/2fa/callback/REDACTED"},
		"more behind it":         {"/2fa/callback/SECRET/SECRET", "/2fa/callback/REDACTED"},
		"two slashes":            {"/2fa/callback//SECRET", "/2fa/callback//REDACTED"},
		"escaped":                {"/2fa%2Fcallback%2fSECRET", "/2fa%2Fcallback%2fREDACTED"},
		"in capitals":            {"/2fa/CALLBACK/SECRET", "/2fa/CALLBACK/REDACTED"},
		"base path cut off":      {"/callback/SECRET", "/callback/REDACTED"},
		"return":                 {"/2fa/return?session_token=TOKEN&error=", "/2fa/return?session_token=REDACTED&error="},
		"refused":                {"/2fa/return?error=TIMEOUT", "/2fa/return?error=TIMEOUT"},
		"state":                  {"/2fa/return?state=TOKEN", "/2fa/return?state=REDACTED"},
		"code in the query":      {"/2fa/challenge/totp?code=SECRET&next=%2F", "/2fa/challenge/totp?code=REDACTED&next=%2F"},
		"name in capitals":       {"/x?Session_Token=TOKEN", "/x?Session_Token=REDACTED"},
		"name escaped":           {"/x?session%5Ftoken=TOKEN", "/x?session%5Ftoken=REDACTED"},
		"name that's unreadable": {"/x?session_token%=TOKEN", "/x?session_token%=REDACTED"},
		"twice":                  {"/x?code=SECRET&code=SECRET2", "/x?code=REDACTED&code=REDACTED"},
		"semicolon":              {"/x?a=1;code=SECRET", "/x?a=1;code=REDACTED"},
		"user":                   {"https://alice:SECRET@app.example.com/", "https://app.example.com/"},
		"ordinary":               {"/static/a%20b.css?v=3&q=x+y", "/static/a%20b.css?v=3&q=x+y"},
		"page about callbacks":   {"/docs/callbacks/how-to", "/docs/callbacks/how-to"},
		"callback without more":  {"/2fa/callback/", "/2fa/callback/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := expect.Try(url.Parse(test.url)).OrFail(t)
			before := *u
			got := middleware.RedactURL(u)
			if got != test.want || strings.Contains(got, "SECRET") || strings.Contains(got, "TOKEN") {
				t.Errorf("got %s, want %s", got, test.want)
			}
			expect.Equal(t, *u, before, "the URL itself was changed")
		})
	}
	expect.Equal(t, middleware.RedactURL(nil), "", "no URL")
}

// No line of chi's logger has a callback secret or a session token: of the callback,
// the way back from the service's page, and pages that were reached from there.
func TestLogFormatterKeepsSecretsOut(t *testing.T) {
	t.Parallel()
	var lines, plain bytes.Buffer
	written := func(b *bytes.Buffer) *chimiddleware.DefaultLogFormatter {
		return &chimiddleware.DefaultLogFormatter{Logger: log.New(b, "", 0), NoColor: true}
	}
	app := apptest.New(t, apptest.Setup{Mode: eagate.Redirect, Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		handler := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		logged := chimiddleware.RequestLogger(middleware.LogFormatter(withReferer{written(&lines)}))(handler)
		return chimiddleware.RequestLogger(written(&plain))(logged)
	}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	request := expect.Try(phone.Wait(t.Context())).OrFail(t)
	apptest.Approve(t, phone)
	b.Do("GET", "/2fa/return?session_token="+request.Token, "", "Accept", "text/html")
	b.Do("GET", "/account", "", "Accept", "text/html", "Referer", app.URL+"/2fa/return?session_token="+request.Token)
	secret := strings.TrimPrefix(apptest.CallbackPath(app.Gate), "/2fa/callback/")
	for _, hidden := range []string{secret, request.Token} {
		expect.Contains(t, plain.String(), hidden, "the test logs nothing that would have to be hidden")
		expect.Lacks(t, lines.String(), hidden, "a line has")
	}
	for _, want := range []string{"/2fa/callback/REDACTED?result=true&session_token=REDACTED HTTP/1.1", "/2fa/return?session_token=REDACTED HTTP", "/account HTTP/1.1\" from"} {
		expect.Contains(t, lines.String(), want, "no line has %s", want)
	}
}

// withReferer has the default formatter log where a request comes from, too.
type withReferer struct {
	*chimiddleware.DefaultLogFormatter
}

func (f withReferer) NewLogEntry(r *http.Request) chimiddleware.LogEntry {
	f.Logger.Print(r.URL, " ", r.Referer())
	return f.DefaultLogFormatter.NewLogEntry(r)
}

// A request that has no address is logged all the same, and the request itself isn't
// changed.
func TestLogFormatterOfOddRequests(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	f := middleware.LogFormatter(withReferer{&chimiddleware.DefaultLogFormatter{Logger: log.New(&lines, "", 0), NoColor: true}})
	for _, r := range []*http.Request{
		{Method: "GET"}, {Method: "GET", RequestURI: "SECRET"}, {Method: "OPTIONS", RequestURI: "*"}, httptest.NewRequest("GET", "/2fa/callback/SECRET", nil),
	} {
		before := r.RequestURI
		const referer = "https://app.example.com/%zz?session_token=SECRET" // is no URL
		if r.Header != nil {
			r.Header.Set("Referer", referer)
		}
		f.NewLogEntry(r).Write(200, 0, nil, 0, nil)
		expect.Equal(t, r.RequestURI, before, "the request was changed from %q", before)
		if r.Header != nil && r.Referer() != referer {
			t.Errorf("the request's referer was changed to %q", r.Referer())
		}
	}
	if strings.Contains(lines.String(), "SECRET") || strings.Count(lines.String(), "\n") != 8 {
		t.Errorf("got\n%s\nwant 8 lines without the secret", &lines)
	}
}
