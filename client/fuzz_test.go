package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate/client"
)

// FuzzAnswer feeds any answer to every call: the result is either usable or an
// error of this package, never both, and what is printed of it keeps its
// secrets.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		data(usable), data(`70`), data(`"07"`), data(`{"number":7e1}`), data(`null`),
		`{"code":"INACTIVE","message":"` + apiKey + `"}`, `{"code":"SUCCESS","code":"X"}`, `{"code":`, `[]`, `<html>`, ``,
	} {
		f.Add(200, "application/json", seed)
		f.Add(403, "text/html", seed)
	}
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		if status < 200 || status > 599 {
			status = 200
		}
		c := client.New(clientID, apiKey, client.WithAttempts(1), wire(func(*http.Request) (*http.Response, error) {
			resp, err := reply(status, body)
			resp.Header = http.Header{"Content-Type": {contentType}}
			return resp, err
		}).option())

		got, err := c.CreateSession(t.Context(), email)
		check(t, err)
		if err == nil && (got == "" || len(got) > 4096 || strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r > '~' })) {
			t.Errorf("got unusable token %q", got)
		}
		got, err = c.SecretNumber(t.Context(), token)
		check(t, err)
		if err == nil && (got == "" || len(got) > 6 || strings.Trim(got, "0123456789") != "") {
			t.Errorf("got unusable number %q", got)
		}
		err = c.SyncStatus(t.Context(), enabled())
		check(t, err)
		if err == nil && status != 200 {
			t.Errorf("got success with status %d", status)
		}
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	var e *client.Error
	if err == nil {
		return
	}
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a *client.Error", err)
	}
	if s := strings.ToLower(err.Error()); strings.Contains(s, apiKey) || strings.Contains(s, email) || strings.Contains(s, strings.ToLower(token)) {
		t.Errorf("a secret comes out: %v", err)
	}
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("got more than one line: %q", err.Error())
	}
}
