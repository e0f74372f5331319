package middleware

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
)

// A Service is the part of the eAuthenticator API that the gate uses. [*client.Client]
// implements it, and its documentation is the contract; tests of an application may
// implement it themselves. Its methods must be safe for concurrent use.
//
// A Service may have further methods. [WebviewService] has those for the hosted modes of
// [WithMode]. If it has Check() error, [New] reports the error as a fault of
// [WithService]. If it has OnCircuit(func([client.CircuitChange])), the gate logs the
// changes.
type Service interface {
	// ClientID returns the application's client ID, which is part of the QR code and
	// of the names of the gate's cookies. It must not change.
	ClientID() string

	// CreateSession sends a request to the user's phone, and returns its session
	// token.
	CreateSession(ctx context.Context, email string) (token string, err error)

	// SecretNumber returns the number that the user has to tap on the phone.
	SecretNumber(ctx context.Context, token string) (number string, err error)

	// SyncStatus reports to the service whether a user has a second factor, and which.
	SyncStatus(ctx context.Context, s client.Status) error

	// SecretOnDisable reports whether SyncStatus needs the last secret when a second
	// factor is switched off.
	SecretOnDisable() bool
}

// A WebviewService is a [Service] with a hosted page that shows the number.
// [*client.Client] implements it, and its documentation is the contract.
type WebviewService interface {
	Service

	// RedirectURL returns the address of the page, which redirects to returnURL
	// afterwards.
	RedirectURL(token, returnURL string) (string, error)

	// PopupURL returns the address of the page for a popup, which sends state to its
	// opener at origin by postMessage.
	PopupURL(token, origin, state string) (string, error)

	// WebviewOrigin returns the page's origin, as browsers write it.
	WebviewOrigin() string
}

// WithService sets the eAuthenticator API: a [client.Client] or, in an application's
// tests, any [Service]. It is required. [New] also reports the faults of the client's own
// options.
func WithService(s Service) Option { return func(c *config) { c.service = s } }

func (c *config) checkService() (f faults) {
	if isNil(c.service) {
		f.add("WithService", nil, "no service")
	} else if s, ok := c.service.(interface{ Check() error }); ok {
		f.check("WithService", nil, s.Check())
	}
	return f
}

// webview returns the service if it has a hosted page, or nil.
func (c *config) webview() WebviewService {
	w, _ := c.service.(WebviewService)
	return w
}

// WithMode sets where users see the number that they tap on the phone. The default is
// [eagate.NumberMatch], the gate's own page. The hosted modes, [eagate.Redirect] and
// [eagate.Popup], need [WithOrigin], where the service's page returns to; [New] reports
// if it is missing or not https (http on a loopback host), a service without a page, and
// a session cookie with SameSite=Strict.
//
// In the hosted modes the browser knows the session token, and the service doesn't sign
// its callback: only the secret in the callback's path stops somebody with the password
// from forging an approval. Use [WithCallbackNetworks], too; New logs a warning without
// it.
//
// Programs get the address of the service's page as webview_url in the pending status, to
// open it in a browser.
func WithMode(mode eagate.Mode) Option { return func(c *config) { c.mode = mode } }

// isHosted reports whether the service's own page shows the number.
func (c *config) isHosted() bool { return c.mode == eagate.Redirect || c.mode == eagate.Popup }

func (c *config) checkMode() (f faults) {
	if c.mode == eagate.NumberMatch {
		return nil
	}
	if !c.isHosted() {
		f.add("WithMode", c.mode, "unknown mode %d", c.mode)
		return f
	}
	if c.origin == "" {
		f.add("WithMode", c.mode, "the service's page has to come back to the application: set its origin by WithOrigin, or use NumberMatch")
	}
	if c.webview() == nil && !isNil(c.service) {
		f.add("WithMode", c.mode, "the service has no page of its own: give WithService a WebviewService, or use NumberMatch")
	}
	if c.sessions != nil && c.sessions.Cookie.SameSite == http.SameSiteStrictMode {
		f.add("WithMode", c.mode, "the session cookie is SameSite=Strict, which browsers don't send when they come back from the service's page: use Lax, or NumberMatch")
	}
	return f
}

// warnOfMode warns if only the callback's path stops a browser from forging an approval.
func (c *config) warnOfMode() {
	if !c.isHosted() || len(c.networks) > 0 {
		return
	}
	c.log.LogAttrs(context.Background(), slog.LevelWarn,
		"eagate: browsers know the session token in this mode, and only the secret in its path protects the callback: use WithCallbackNetworks",
		slog.String("mode", c.mode.String()))
}

// WithCallbackNetworks accepts the service's callback only from these networks. Without
// it, callbacks are accepted from anywhere. [New] reports an invalid network. The address
// is that of the connection; behind a reverse proxy, [WithCallbackSource] must be set as
// well.
func WithCallbackNetworks(networks ...netip.Prefix) Option {
	return func(c *config) {
		c.networks = append(c.networks, networks...)
		c.given("WithCallbackNetworks", len(c.networks) > 0, "no network, and callbacks would be taken from anywhere")
	}
}

// WithCallbackSource sets the function that returns the address of a callback's sender,
// for [WithCallbackNetworks] behind a reverse proxy. Without it, that is the connection's
// address. It must not trust a header that a client can set. [New] reports it without
// WithCallbackNetworks, where it has no effect.
func WithCallbackSource(source func(*http.Request) (netip.Addr, error)) Option {
	return func(c *config) { c.source = source; c.given("WithCallbackSource", source != nil, "no function") }
}

func (c *config) checkCallback() (f faults) {
	for _, network := range c.networks {
		if !network.IsValid() {
			f.add("WithCallbackNetworks", network, "invalid network %q", network)
		}
	}
	if c.source != nil && len(c.networks) == 0 {
		f.add("WithCallbackSource", nil, "has no effect without WithCallbackNetworks")
	}
	return f
}

// watchCircuit logs when the service is no longer called, and when it is again.
func (g *Gate) watchCircuit(s Service) {
	if s, ok := s.(interface {
		OnCircuit(func(client.CircuitChange))
	}); ok {
		s.OnCircuit(g.logCircuit)
	}
}

func (g *Gate) logCircuit(change client.CircuitChange) {
	calls := slog.String("calls", change.Calls)
	if !change.Open {
		g.log.Info("eagate: the service answers again", calls, slog.Duration("failed_for", change.Was))
		return
	}
	g.log.Error("eagate: the service is unavailable and isn't asked for a while; users sign in with codes, and what it must be told is told later",
		calls, slog.Duration("pause", change.Pause), slog.Any("error", change.Err),
		slog.String("remedy", "see whether its address can be reached from this machine (DNS, firewall, TLS), "+
			"and whether this machine's IP address is registered in the Console"))
}
