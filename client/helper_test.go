package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

const (
	clientID = "7e0c4f7e-35a5-4b56-8a52-2d3d4ce1a0c9"
	apiKey   = "key-4f9a8d27c1"
	email    = "alice@example.com"
	token    = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"
	totpKey  = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

func enabled() client.Status {
	return client.Status{Email: email, Enabled: true, Secret: totpKey, Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}
}

// serve starts a service and returns a client of it that tries only once.
func serve(t *testing.T, h http.HandlerFunc, opts ...client.Option) *client.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return client.New(clientID, apiKey, append([]client.Option{client.WithBaseURL(srv.URL), client.WithAttempts(1)}, opts...)...)
}

// says answers every call alike.
func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func data(data string) string {
	return `{"code":"SUCCESS","message":"Success","data":` + data + `}`
}

// A wire stands in for the network where a test needs its own clock.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func (w wire) option() client.Option {
	return client.WithHTTPClient(&http.Client{Transport: w})
}

func reply(status int, body string) (*http.Response, error) {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}, nil
}

// operations are all calls of a client, alike.
var operations = []struct {
	name string
	call func(context.Context, *client.Client) error
}{
	{"CreateSession", func(ctx context.Context, c *client.Client) error {
		token, err := c.CreateSession(ctx, email)
		return onlyOne(token, err)
	}},
	{"SecretNumber", func(ctx context.Context, c *client.Client) error {
		number, err := c.SecretNumber(ctx, token)
		return onlyOne(number, err)
	}},
	{"SyncStatus", func(ctx context.Context, c *client.Client) error {
		return c.SyncStatus(ctx, enabled())
	}},
}

// onlyOne insists that a call gives either a result or an error.
func onlyOne(result string, err error) error {
	if (result == "") != (err != nil) {
		return errors.New("result and error contradict each other")
	}
	return err
}

func wantKind(t *testing.T, err error, want client.Kind) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a *client.Error", err)
	}
	expect.Equal(t, e.Kind, want, "kind")
	sentinels := map[client.Kind]error{
		client.Unavailable: client.ErrUnavailable, client.Inactive: client.ErrInactive, client.Refused: client.ErrRefused,
		client.Protocol: client.ErrProtocol, client.Invalid: client.ErrInvalid,
	}
	for kind, sentinel := range sentinels {
		expect.Equal(t, errors.Is(err, sentinel), kind == want, "errors.Is(err, %q)", sentinel)
	}
	return e
}

type counter struct{ n atomic.Int32 }

func (c *counter) counting(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c.n.Add(1)
		h(w, r)
	}
}

func (c *counter) want(t *testing.T, n int32) {
	t.Helper()
	expect.Equal(t, c.n.Load(), n, "calls")
}
