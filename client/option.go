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

// The addresses of the service, which are the defaults.
const (
	DefaultBaseURL    = "https://authen.ekyc.com/authen-api/api/v1"
	DefaultWebviewURL = "https://identifier.ekyc.com/start-authentication"
)

// An Option is an option of [New].
type Option func(*settings)

// WithBaseURL sets where the service's API is. The default is [DefaultBaseURL].
// [Client.Check] reports what isn't https, or http on a loopback host, and an address with
// a user, a query or a fragment.
func WithBaseURL(u string) Option { return func(s *settings) { s.baseURL = u } }

// WithWebviewURL sets where the service's hosted page is. The default is
// [DefaultWebviewURL]. [Client.Check] reports the same faults as for [WithBaseURL].
func WithWebviewURL(u string) Option { return func(s *settings) { s.webviewURL = u } }

// An Endpoint is a method and a path below the base URL.
type Endpoint struct {
	Method string // GET, POST, PUT or PATCH
	Path   string // with a leading slash
}

// Paths are the endpoints of the calls. They are options because the service doesn't
// publish all of them.
type Paths struct {
	CreateSession Endpoint // default: POST /session-token
	SecretNumber  Endpoint // default: GET /secret-number
	SyncStatus    Endpoint // default: POST /mfa/toggle
}

// WithPaths sets the endpoints of the calls. Without it, each field of [Paths] has its
// default, as empty ones have. [Client.Check] reports other methods than GET, POST, PUT
// and PATCH, GET for a call with a body, and paths that aren't clean.
func WithPaths(p Paths) Option {
	return func(s *settings) {
		s.paths.CreateSession = s.paths.CreateSession.with(p.CreateSession)
		s.paths.SecretNumber = s.paths.SecretNumber.with(p.SecretNumber)
		s.paths.SyncStatus = s.paths.SyncStatus.with(p.SyncStatus)
	}
}

// WithNumberFields sets the possible names of the secret number in the response's data.
// The default is "secret_number" and "number". Data that is just the number is always
// accepted. [Client.Check] reports if there are none.
func WithNumberFields(names ...string) Option {
	return func(s *settings) { s.numberFields = names }
}

// WithHTTPClient uses the Transport of h: for a proxy, other root certificates, or tests.
// All other fields of h are ignored: the client follows no redirects, keeps no cookies,
// and has the timeout of [WithTimeout].
//
// Without it, no proxy is used, not even one set in the environment, because the service
// identifies callers by their IP address.
func WithHTTPClient(h *http.Client) Option {
	return func(s *settings) {
		if h != nil {
			s.transport = h.Transport
		}
	}
}

// WithTimeout sets how long a call may take, including connecting, retries, and reading
// the response. The default is 5 seconds. [Client.Check] reports 0 and less. Use it rather
// than a deadline in each call's context: the circuit breaker can't tell whether a
// caller's deadline was just short, and doesn't count it.
func WithTimeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// WithAttempts sets how many times a call is made at most while the service is
// unavailable. The default is 3. With 1, there are no retries; [Client.Check] reports less.
// CreateSession, which rings the
// phone, is retried only if no connection was made.
func WithAttempts(n int) Option { return func(s *settings) { s.attempts = n } }

// WithCircuit sets after how many consecutive failures the circuit breaker opens, and how
// long it stays open before it allows one trial call. The default is 5 failures and 15
// seconds. [Client.Check] reports less than 1, and a pause of 0 or less.
// [Client.SyncStatus] has a circuit breaker of its own. [Client.OnCircuit] reports both.
func WithCircuit(failures int, pause time.Duration) Option {
	return func(s *settings) { s.failures, s.pause = failures, pause }
}

// WithSecretOnDisable makes [Client.SyncStatus] send [Status.Secret], if set, when a
// second factor is switched off, as an earlier guide of the service required. Without it,
// the secret is sent only when it is switched on.
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

// parseBase parses an address to which a path or a query will be added. Its errors don't
// contain the address, which may hold credentials.
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

// loopback reports whether the host is this machine (RFC 6761 §6.3).
func loopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
