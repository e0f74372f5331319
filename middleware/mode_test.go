package middleware_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

func TestWithMode(t *testing.T) {
	t.Parallel()
	strict := scs.New()
	strict.Cookie.Secure, strict.Cookie.SameSite = true, http.SameSiteStrictMode
	for name, test := range map[string]struct {
		mode    eagate.Mode
		origin  string
		options []middleware.Option
		want    []string // nil: no fault
	}{
		"number match":                {eagate.NumberMatch, "", nil, nil},
		"number match, strict cookie": {eagate.NumberMatch, "", []middleware.Option{middleware.WithSessions(strict)}, nil},
		"redirect":                    {eagate.Redirect, "https://app.example.com", nil, nil},
		"popup with a port":           {eagate.Popup, "https://app.example.com:8443", nil, nil},
		"loopback":                    {eagate.Popup, "http://localhost:8080", nil, nil},
		"loopback address":            {eagate.Popup, "http://127.0.0.1:8080", nil, nil},
		"loopback address of IPv6":    {eagate.Popup, "http://[::1]:8080", nil, nil},
		"unknown mode":                {eagate.Popup + 1, "https://app.example.com", nil, []string{"unknown mode 3"}},
		"no origin":                   {eagate.Redirect, "", nil, []string{"by WithOrigin"}},
		"path":                        {eagate.Popup, "https://app.example.com/", nil, []string{"is no origin"}},
		"query":                       {eagate.Popup, "https://app.example.com?x", nil, []string{"is no origin"}},
		"fragment":                    {eagate.Popup, "https://app.example.com#", nil, []string{"is no origin"}},
		"user":                        {eagate.Popup, "https://a@app.example.com", nil, []string{"has no user"}},
		"no host":                     {eagate.Popup, "https://:443", nil, []string{"is no origin"}},
		"no scheme":                   {eagate.Redirect, "app.example.com", nil, []string{"is no origin"}},
		"http":                        {eagate.Redirect, "http://app.example.com", nil, []string{"isn't https"}},
		"script":                      {eagate.Redirect, "javascript://app.example.com", nil, []string{"neither https nor http"}},
		"all at once": {
			eagate.Redirect, "http://app.example.com", []middleware.Option{middleware.WithSessions(strict), middleware.WithIssuer("")},
			[]string{"isn't https", "SameSite=Strict", "WithIssuer"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			options := append(complete(), middleware.WithMode(test.mode), middleware.WithLogger(slog.New(slog.DiscardHandler)))
			if test.origin != "" {
				options = append(options, middleware.WithOrigin(test.origin))
			}
			_, err := middleware.New(append(options, test.options...)...)
			if (err != nil) != (test.want != nil) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			for _, want := range test.want {
				expect.Contains(t, err.Error(), want)
			}
		})
	}
}

// A hosted mode warns where only the callback's path is secret.
func TestHostedModeWarns(t *testing.T) {
	t.Parallel()
	networks := middleware.WithCallbackNetworks(netip.MustParsePrefix("192.0.2.0/24"))
	for name, test := range map[string]struct {
		mode   eagate.Mode
		option middleware.Option
		want   bool
	}{
		"number match":             {eagate.NumberMatch, nil, false},
		"redirect":                 {eagate.Redirect, nil, true},
		"popup":                    {eagate.Popup, nil, true},
		"redirect, networks named": {eagate.Redirect, networks, false},
		"popup, networks named":    {eagate.Popup, networks, false},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			_, err := middleware.New(append(complete(), middleware.WithMode(test.mode), middleware.WithOrigin("https://app.example.com"), test.option,
				middleware.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
			expect.NoError(t, err)
			if got := strings.Contains(log.String(), "level=WARN") && strings.Contains(log.String(), "WithCallbackNetworks"); got != test.want {
				t.Errorf("got a warning: %v, want %v: %s", got, test.want, &log)
			}
		})
	}
}
