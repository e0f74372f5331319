// Package client calls the API of the eAuthenticator service: it sends a request to a
// user's phone, gets the number that the user has to tap, and reports which users have a
// second factor.
//
//	c := client.New(clientID, apiKey)
//	if err := c.Check(); err != nil {
//		log.Fatal(err) // every fault of the configuration, at once
//	}
//	token, err := c.CreateSession(ctx, "alice@example.com") // rings the phone
//	number, err := c.SecretNumber(ctx, token)               // to be shown
//
// Package middleware does all of this for an application, which only passes the client to
// WithService. Package [github.com/eagate/eagate/client/emulator] stands for the service in
// tests.
//
// # Calls
//
// A call takes 5 seconds at most (see [WithTimeout]), reads at most 64 KiB, and follows
// no redirect, which would get the API key. Calls that are safe to repeat are retried,
// and a circuit breaker stops calls to a service that is down. A response is a success
// only if its status, its media type, its code and its data all say so.
//
// # Errors
//
// Everything else is an [*Error] of a [Kind]:
//
//	switch {
//	case errors.Is(err, client.ErrUnavailable): // continue without the phone
//	case errors.Is(err, client.ErrInactive):    // switched off in the Console, or no push on this phone
//	case errors.Is(err, client.ErrRefused):     // wrong key, unregistered IP address, …
//	}
//
// No error, and no printed [Client] or [Status], contains the API key, a session token, a
// TOTP secret or an e-mail address.
package client

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// A Client calls the service on behalf of one application. It is made by [New] and safe
// for concurrent use. Its calls share connections and circuit breakers.
type Client struct {
	clientID string
	apiKey   secret

	base    *url.URL
	webview *url.URL
	paths   Paths
	fields  []string // names of the secret number

	http            *http.Client
	timeout         time.Duration
	secretOnDisable bool

	again   retrypolicy.RetryPolicy[any] // for calls that are safe to repeat
	once    retrypolicy.RetryPolicy[any] // for others, which are repeated only if they were not sent
	circuit *circuit                     // for calls of a sign-in
	syncing *circuit                     // for the others, whose failures must not stop sign-ins

	listeners *listeners // of both

	fault error
}

// New returns a Client for the application with that client ID and API key in the Domain
// Console. It returns no error, so that it can be used in an expression: [Client.Check]
// returns the faults of the arguments, and so does every call.
func New(clientID, apiKey string, opts ...Option) *Client {
	s := defaults()
	for _, opt := range opts {
		if opt != nil {
			opt(&s)
		}
	}
	c := &Client{
		clientID:        clientID,
		apiKey:          secret{&apiKey},
		paths:           s.paths,
		fields:          s.numberFields,
		http:            httpClient(s.transport),
		timeout:         s.timeout,
		secretOnDisable: s.secretOnDisable,
		listeners:       new(listeners),
	}
	faults := []error{checkCredential("client ID", clientID, maxClientID), checkCredential("API key", apiKey, maxAPIKey)}
	var err error
	if c.base, err = parseBase("base URL", s.baseURL); err != nil {
		faults = append(faults, err)
	}
	if c.webview, err = parseBase("webview URL", s.webviewURL); err != nil {
		faults = append(faults, err)
	}
	faults = append(faults, s.check()...)
	c.fault = errors.Join(faults...)
	if c.fault == nil {
		c.again = retryPolicy(s.attempts, transient)
		c.once = retryPolicy(s.attempts, neverSent)
		c.circuit = newCircuit("sign-in", s.failures, s.pause, c.listeners)
		c.syncing = newCircuit("status", s.failures, s.pause, c.listeners)
	}
	return c
}

// Check returns all faults of the arguments of [New], joined, or nil.
func (c *Client) Check() error { return c.fault }

// ClientID returns the application's client ID, which is also part of the QR code. It is
// not secret.
func (c *Client) ClientID() string { return c.clientID }

// SecretOnDisable reports whether [WithSecretOnDisable] was given.
func (c *Client) SecretOnDisable() bool { return c.secretOnDisable }

// String returns the client ID, without the key.
func (c *Client) String() string { return fmt.Sprintf("client.Client(%q)", c.clientID) }

// GoString returns [Client.String].
func (c *Client) GoString() string { return c.String() }

// LogValue returns [Client.String].
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

const (
	maxClientID = 128
	maxAPIKey   = 1024
	maxToken    = 4096
	maxEmail    = 320 // RFC 5321 §4.5.3.1: 64 before the @, 255 behind it
)

func checkCredential(name, value string, limit int) error {
	switch {
	case value == "":
		return fmt.Errorf("client: the %s is empty", name)
	case !visible(value, limit):
		return fmt.Errorf("client: the %s must be 1 to %d visible ASCII characters", name, limit)
	}
	return nil
}

// visible reports whether s has 1 to limit characters, all visible ASCII, so that it can
// be a header's value unchanged.
func visible(s string, limit int) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return 0 < len(s) && len(s) <= limit
}
