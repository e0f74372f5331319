// Package middleware puts a second factor behind an application's password
// login: a [Gate] stands between the session manager and the application, lets
// verified sessions pass, and leads the others to the challenge.
//
//	gate, err := middleware.New(
//		middleware.WithSessions(sessions),
//		middleware.WithService(client.New(clientID, apiKey)),
//		middleware.WithStore(store.NewMemory()),
//		middleware.WithUser(currentUser),
//		middleware.WithIssuer("Acme"),
//		middleware.WithKey(key),
//	)
//
// On chi, and on net/http:
//
//	router.Use(sessions.LoadAndSave, gate.Handler)
//	http.ListenAndServe(addr, sessions.LoadAndSave(gate.Handler(mux)))
//
// # What is guarded
//
// [Gate.Handler] guards everything but the gate's own pages and what
// [WithExempt], [WithLoginPath], [WithLogoutPath] and [WithHelpURL] name. Requests of nobody in
// particular, and of users who have no second factor, pass: it is the
// application that asks for the password. A user switches the second factor on
// at the base path, "/2fa/" unless set; [WithRequired] says who must.
//
// A locked session's page navigations are sent to the challenge and come back to
// where they wanted to go. A form that a person sends is answered with a page that says
// that it was not carried out. Everything else is refused as application/problem+json
// with the challenge's address. Whoever gives up at the challenge cancels the sign-in:
// the session is destroyed; see [WithCancel].
//
// # Logging out
//
// The gate sees a logout that goes through it, by whichever means of the session
// manager, and makes worthless what the session held: a request that was still
// under way can bring the session back, but not unlocked. Where only a group of
// routes is guarded, by [Gate.Require], mount the logout in that group too.
package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/routecheck"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/internal/totp"
	"github.com/eagate/eagate/templates"
)

// A Gate is the second factor of one application. It is safe for concurrent
// use.
type Gate struct {
	origin   string // the application's own, or empty
	base     string // as browsers see it
	mount    string // the same, as the application sees it
	keys     *keyring.Keyring
	user     func(*http.Request) (eagate.User, error)
	exempt   exemptions
	rules    *factor.Rules
	sessions *session.Sessions
	handlers *handlers.Handlers
	messages *noticeQueue // nil without a notifier
	log      *slog.Logger

	routeCheck routecheck.Gate // the gate as an application's tests see it
}

// New returns the gate that the options describe, or an error that joins a
// [*ConfigError] for each fault in them; [ConfigErrors] goes through them. After New, no
// request can come upon a fault in the configuration.
//
// What New can't check is the ID that [WithUser] returns. An account is found by it
// byte for byte, and a user without an account is one without a second factor: an ID
// that is spelled in two ways lets its user in by the second spelling with the
// password alone. See [User].
func New(opts ...Option) (*Gate, error) {
	c := config{
		patience: 3 * time.Second, base: "/2fa", home: "/", lifetime: factor.DefaultTokenLifetime, parameters: totp.Default,
		log: slog.Default(), now: time.Now,
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	f := c.check()
	exempt, wrong := newExemptions(c.exemptPatterns())
	f = append(f, wrong...)
	pages, err := templates.New(c.pages...)
	f.check("WithPages", nil, err)
	keys, err := keyring.New(c.keys...)
	f.check("WithKey", nil, err)
	if len(f) > 0 {
		return nil, errors.Join(f...)
	}

	cfg := factor.Config{
		Records: records.New(storelimit.New(c.store, c.patience, c.log), keys),
		Service: c.service, ClientID: c.service.ClientID(), SecretOnDisable: c.service.SecretOnDisable(),
		Keys: keys, Issuer: c.issuer,
		TOTP: c.parameters, TokenLifetime: c.lifetime, Mode: c.mode, DeviceLifetime: c.devices, False: c.falses, HoldRejected: c.hold,
		StoreTimeout: c.patience, RecoveryCost: c.cost, Hash: c.hash, EarlyWait: c.early,
		Email: emailOf(c.email), Required: c.required, Events: c.events, Log: c.log, Now: c.now, Elapsed: c.elapsed,
	}
	var messages *noticeQueue
	if c.notifier != nil {
		messages = newNoticeQueue(c.notifier, pages, c.issuer, c.log)
		cfg.Notify = messages.notify
	}
	rules, err := factor.New(cfg)
	if err != nil {
		return nil, err
	}

	g := &Gate{
		origin: c.origin, base: c.external + c.base, mount: c.base, exempt: exempt, rules: rules, log: c.log,
		keys: keys, messages: messages,
		sessions: session.New(c.sessions, rules, c.currentUser, session.Name(c.service.ClientID(), c.external+c.base, c.sessions.Cookie.Name)),
		user:     c.currentUser,

		routeCheck: routecheck.Gate{Mount: c.base, Exemption: exempt.pattern},
	}
	source := c.source
	if source == nil {
		source = handlers.RemoteAddr
	}
	g.handlers = handlers.New(handlers.Config{
		Rules: rules, Sessions: g.sessions, Pages: pages,
		Mount: c.base, Base: c.external + c.base, External: c.external, Issuer: c.issuer,
		HomePath: c.outside(c.home), LoginPath: c.outside(c.login), PasswordPath: c.outside(c.password), HelpURL: c.outside(c.help),
		Cancel: c.cancel, Fields: c.fields,
		TokenLifetime: c.lifetime,
		Mode:          c.mode, Origin: c.origin, Webview: c.webview(),
		TrustedOrigins:  c.trusted,
		CallbackSecrets: keys.CallbackSecrets(), CallbackNetworks: c.networks, CallbackSource: source,
		Log: c.log,
	})
	c.warnOfMode()
	g.watchCircuit(c.service)
	return g, nil
}

// currentUser asks the application who is logged in; the zero User is nobody.
func (c *config) currentUser(r *http.Request) (eagate.User, error) {
	u, err := c.user(r)
	if err == nil && u.ID == "" && u.Email != "" {
		err = errors.New("a user without an ID")
	}
	if err != nil {
		return eagate.User{}, &session.UserError{Err: err}
	}
	return u, nil
}

// Routes serves the gate's own pages and nothing else: for applications that
// mount them apart from the guard, at the base path.
func (g *Gate) Routes() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.routeCheck.Answers(r, routecheck.Pages) {
			return
		}
		g.handlers.ServeHTTP(w, r)
	})
}

// Format prints where the gate's pages are, whatever the verb, and none of its
// secrets.
func (g *Gate) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "middleware.Gate(%q)", g.base) }

// Run does what goes on in the background, until ctx ends: it tells the service
// of changes that it couldn't be told of at once, and deletes what has expired.
// Then it ends the streams of events, as EndStreams does, and waits for messages to
// users that are being delivered, 10 seconds at most. It may run on every node.
func (g *Gate) Run(ctx context.Context) {
	defer context.AfterFunc(ctx, g.EndStreams)()
	g.rules.Run(ctx)
	if g.messages != nil {
		g.messages.finish()
	}
}

// EndStreams ends the streams of events, of which each page that waits for the phone
// holds one: [http.Server.Shutdown] would wait for them for minutes. Register it with the
// server, by [http.Server.RegisterOnShutdown]. The pages connect again within three
// seconds, to another node perhaps. From then on, a stream on this node ends after its
// first event. It is safe for concurrent use, and may be called again.
func (g *Gate) EndStreams() { g.handlers.EndStreams() }
