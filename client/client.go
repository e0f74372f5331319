// Package client speaks to the eAuthenticator service: it starts a
// verification, asks for the number that the user has to tap, and keeps the
// service informed of who has a second factor.
//
//	c := client.New(clientID, apiKey)
//	if err := c.Check(); err != nil {
//		log.Fatal(err) // every fault of the configuration, at once
//	}
//	token, err := c.CreateSession(ctx, "alice@example.com") // rings the phone
//	number, err := c.SecretNumber(ctx, token)               // to be shown
//
// Nothing that the service does can make a call last longer than the time
// limit (5 seconds unless [WithTimeout] says otherwise), read more than 64 KiB,
// or follow a redirect with the API key. What can be repeated safely is
// repeated; a service that stays away isn't asked for a while. An answer is a
// success only if it says so in every respect, and every other one is an
// [*Error] of a [Kind] that tells what to do about it:
//
//	switch {
//	case errors.Is(err, client.ErrUnavailable): // go on without the phone
//	case errors.Is(err, client.ErrInactive):    // switched off in the Console, or no push on this phone
//	case errors.Is(err, client.ErrRefused):     // wrong key, unregistered IP address, …
//	}
//
// No error, and nothing that prints a [Client] or a [Status], shows the API
// key, a session token, a TOTP secret or an e-mail address.
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

// A Client calls the service on behalf of one application. It is made by
// [New], and safe for concurrent use; calls of one Client share its
// connections and its knowledge of whether the service is up.
type Client struct {
	clientID string
	apiKey   secret

	base    *url.URL
	webview *url.URL
	paths   Paths
	fields  []string // where the secret number may stand

	http            *http.Client
	timeout         time.Duration
	secretOnDisable bool

	again   retrypolicy.RetryPolicy[any] // for what may be repeated
	once    retrypolicy.RetryPolicy[any] // for what may not, once it was sent
	circuit *circuit                     // of the calls that a login waits for
	syncing *circuit                     // of the others, so that their failing keeps no phone from ringing

	listeners *listeners // to both

	fault error
}

// New returns a Client for the application that the Domain Console knows under
// this client ID and API key. It never fails, so that it can stand within an
// expression: [Client.Check] reports what is wrong with the arguments, and so
// does every call.
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
	var faults []error
	if !visible(clientID, maxClientID) {
		faults = append(faults, errors.New("client: the client ID must be 1 to 128 visible ASCII characters"))
	}
	if !visible(apiKey, maxAPIKey) {
		faults = append(faults, errors.New("client: the API key must be 1 to 1024 visible ASCII characters"))
	}
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

// Check returns everything that is wrong with the arguments of [New], joined,
// or nil.
func (c *Client) Check() error { return c.fault }

// ClientID returns the application's client ID, which the provisioning URI
// needs too. It is no secret.
func (c *Client) ClientID() string { return c.clientID }

// SecretOnDisable reports whether the service wants to be told the last secret
// when a second factor is switched off: see [WithSecretOnDisable].
func (c *Client) SecretOnDisable() bool { return c.secretOnDisable }

// String names the client without its key.
func (c *Client) String() string { return fmt.Sprintf("client.Client(%q)", c.clientID) }

// GoString is like String.
func (c *Client) GoString() string { return c.String() }

// LogValue names the client without its key.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

const (
	maxClientID = 128
	maxAPIKey   = 1024
	maxToken    = 4096
	maxEmail    = 320 // RFC 5321 §4.5.3.1: 64 before the @, 255 behind it
)

// visible reports whether s has 1 to limit characters, all of them visible
// ASCII: such a text can stand in a header as it is.
func visible(s string, limit int) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return 0 < len(s) && len(s) <= limit
}
