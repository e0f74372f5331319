package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// The service's addresses, used unless options say otherwise.
const (
	DefaultBaseURL    = "https://authen.ekyc.com/authen-api/api/v1"
	DefaultWebviewURL = "https://identifier.ekyc.com/start-authentication"
)

// An Option changes what [New] makes.
type Option func(*settings)

// WithBaseURL sets where the service's API is: https, or http on a loopback
// host. The default is [DefaultBaseURL].
func WithBaseURL(u string) Option { return func(s *settings) { s.baseURL = u } }

// WithWebviewURL sets where the service's hosted page is: https, or http on a
// loopback host. The default is [DefaultWebviewURL].
func WithWebviewURL(u string) Option { return func(s *settings) { s.webviewURL = u } }

// An Endpoint is a method and a path below the base URL.
type Endpoint struct {
	Method string // GET, POST, PUT or PATCH
	Path   string // with a leading slash
}

// Paths says where the calls go. Not all of it is published, so all of it can
// be changed.
type Paths struct {
	CreateSession Endpoint // POST /session-token
	SecretNumber  Endpoint // GET /secret-number
	SyncStatus    Endpoint // POST /mfa/toggle
}

// WithPaths sets where the calls go below the base URL. Empty fields keep
// their defaults.
func WithPaths(p Paths) Option {
	return func(s *settings) {
		s.paths.CreateSession = s.paths.CreateSession.with(p.CreateSession)
		s.paths.SecretNumber = s.paths.SecretNumber.with(p.SecretNumber)
		s.paths.SyncStatus = s.paths.SyncStatus.with(p.SyncStatus)
	}
}

// WithNumberFields sets the names under which the answer's data may carry the
// secret number. The default is "secret_number" and "number"; a bare number is
// always understood.
func WithNumberFields(names ...string) Option {
	return func(s *settings) { s.numberFields = names }
}

// WithHTTPClient makes calls with h's Transport: for a proxy, own root
// certificates, or tests. Everything else of h is left aside, because the
// limits of this package stay in force: no redirects, no cookies, and the time
// limit of [WithTimeout].
//
// Without this option no proxy is used, whatever the environment says: the
// service knows callers by their IP address.
func WithHTTPClient(h *http.Client) Option {
	return func(s *settings) {
		if h != nil {
			s.transport = h.Transport
		}
	}
}

// WithTimeout limits how long a call may take in all: connecting, repeating,
// and reading the answer. The default is 5 seconds. Prefer it to a deadline in
// the context of each call, which the client can't tell from a caller in a
// hurry and so doesn't take as a sign that the service is down.
func WithTimeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// WithAttempts sets how often a call is made at most while the service is
// unavailable; 1 means never again. The default is 3. Creating a session rings
// the phone, so it is repeated only if no connection came about.
func WithAttempts(n int) Option { return func(s *settings) { s.attempts = n } }

// WithCircuit sets after how many unavailable results in a row the client
// stops asking, and for how long. After the pause a single call is let through
// to see, and [Client.OnCircuit] tells of both. The default is 5 and 15 seconds. [Client.SyncStatus] is counted apart
// from the calls that a login waits for.
func WithCircuit(failures int, pause time.Duration) Option {
	return func(s *settings) { s.failures, s.pause = failures, pause }
}

// WithSecretOnDisable makes [Client.SyncStatus] send Status.Secret, where it
// is set, when a second factor is switched off: an earlier guide of the
// service asked for the last secret there.
func WithSecretOnDisable() Option { return func(s *settings) { s.secretOnDisable = true } }

type settings struct {
	baseURL, webviewURL string
	paths               Paths
	numberFields        []string
	transport           http.RoundTripper
	timeout             time.Duration
	attempts            int
	failures            int
	pause               time.Duration
	secretOnDisable     bool
}

func defaults() settings {
	return settings{
		baseURL:    DefaultBaseURL,
		webviewURL: DefaultWebviewURL,
		paths: Paths{
			CreateSession: Endpoint{http.MethodPost, "/session-token"},
			SecretNumber:  Endpoint{http.MethodGet, "/secret-number"},
			SyncStatus:    Endpoint{http.MethodPost, "/mfa/toggle"},
		},
		numberFields: []string{"secret_number", "number"},
		timeout:      5 * time.Second,
		attempts:     3,
		failures:     5,
		pause:        15 * time.Second,
	}
}

func (s *settings) check() []error {
	var faults []error
	for _, e := range []struct {
		name     string
		endpoint Endpoint
		body     bool
	}{
		{"CreateSession", s.paths.CreateSession, true},
		{"SecretNumber", s.paths.SecretNumber, false},
		{"SyncStatus", s.paths.SyncStatus, true},
	} {
		if err := e.endpoint.check(e.body); err != nil {
			faults = append(faults, fmt.Errorf("client: endpoint of %s: %w", e.name, err))
		}
	}
	if len(s.numberFields) == 0 {
		faults = append(faults, errors.New("client: no field name for the secret number"))
	}
	if s.timeout <= 0 {
		faults = append(faults, fmt.Errorf("client: time limit %v is not positive", s.timeout))
	}
	if s.attempts < 1 {
		faults = append(faults, fmt.Errorf("client: %d attempts are not enough", s.attempts))
	}
	if s.failures < 1 || s.pause <= 0 {
		faults = append(faults, fmt.Errorf("client: circuit of %d failures and %v is not possible", s.failures, s.pause))
	}
	return faults
}

func (e Endpoint) with(other Endpoint) Endpoint {
	if other.Method != "" {
		e.Method = other.Method
	}
	if other.Path != "" {
		e.Path = other.Path
	}
	return e
}

func (e Endpoint) check(body bool) error {
	switch e.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	case http.MethodGet:
		if body {
			return errors.New("method GET can't carry a body")
		}
	default:
		return fmt.Errorf("method %q is not GET, POST, PUT or PATCH", e.Method)
	}
	u, err := url.Parse(e.Path)
	if err != nil || !strings.HasPrefix(e.Path, "/") || u.EscapedPath() != e.Path || strings.Contains(u.Path+"/", "/../") || strings.HasPrefix(e.Path, "//") {
		return fmt.Errorf("path %q is not a clean path with a leading slash", e.Path)
	}
	return nil
}

// parseBase parses an address to which a path or a query will be added. Its
// errors don't quote it: it may hold credentials, which are refused.
func parseBase(name, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("client: the %s is not a URL", name)
	case u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("client: the %s names no host", name)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#"):
		return nil, fmt.Errorf("client: the %s must have no user, query or fragment", name)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, fmt.Errorf("client: the %s must be https: http is for loopback hosts only", name)
	}
	return nil, fmt.Errorf("client: the %s must be https, not %q", name, u.Scheme)
}

// loopback reports whether the host is this machine, in name or in number
// (RFC 6761 §6.3).
func loopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
