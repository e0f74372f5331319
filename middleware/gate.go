// Package middleware adds a second factor to an application's password login. A [Gate]
// sits between the session manager and the application: it sends the sessions of users
// who have a second factor to the challenge, and lets them pass once it is proved.
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
// [Gate.Handler] guards all routes except the gate's own pages and the routes of
// [WithExempt], [WithLoginPath], [WithLogoutPath] and [templates.WithLinks] (help and privacy
// policy). Requests without a user pass, as do those of users without a second factor: the application checks the
// password. Users switch the second factor on at the base path, "/2fa/" by default;
// [WithRequired] makes it mandatory.
//
// In a locked session, a page navigation is redirected to the challenge and back
// afterwards, and so is a request of htmx, by HX-Redirect. A form that a person sends gets
// a page that says that it was not processed. Every other request gets an
// application/problem+json with the address of the challenge.
// A user who cancels at the challenge is logged out: the session is destroyed; see
// [WithCancel].
//
// # Logging out
//
// The gate detects a logout on every route that it sees, by whichever method of the
// session manager, and revokes the session's grant: a concurrent request that writes the
// session back restores a locked session. If only a group of routes is guarded, by
// [Gate.Require], the logout must be in that group.
//
// # Options
//
// The six options above are required. [New] reports all faults of the options at once, and
// none appears later, on a request. The others are about
//
//   - users: [WithRequired], [WithTrustedDevices], [WithEmail], [WithTOTP]
//   - routes: [WithExempt], [WithLoginPath], [WithLogoutPath], [WithHomePath], [WithBasePath],
//     [WithExternalPath], [WithCancel], [WithTrustedOrigins]
//   - the service: [WithOrigin], [WithMode], [WithTokenLifetime], [WithCallbackNetworks],
//     [WithCallbackSource], [WithFalseResult], [WithHoldOnRejection]
//   - pages: [WithPages], [WithLanguage], [WithLayoutData], [WithFormFields]
//   - reports: [WithEvents], [WithNotifier], [WithLogger]
//   - the process: [WithStoreTimeout], [WithInsecureCookie], [WithClock]
//
// # Beside the requests
//
// [Gate.Run] does what is done in the background, on one node at least; [Gate.EndStreams]
// belongs to the server's shutdown. [Gate.CallbackURL] is to be registered in the service's Console.
// [Gate.RequireRecent] and [Gate.RequireMethod] protect single routes by another proof, and
// [Gate.Verification] says how a session was verified. The application calls
// [Gate.PasswordChanged] when it has changed a password. [Gate.Admin] is for operators.
//
// Package [github.com/eagate/eagate/client/emulator] stands for the service and the phone
// in tests, and package [github.com/eagate/eagate/middleware/routetest] checks that all
// routes are guarded.
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

// A Gate is the second factor of one application. It is safe for concurrent use.
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

// New returns a gate, or an error that joins a [*ConfigError] for each fault of the
// options; [ConfigErrors] iterates over them. After New, no request fails because of the
// configuration.
//
// New can't check the ID that [WithUser] returns. The gate finds an account by the ID
// byte for byte, and a user without an account has no second factor: if an ID has two
// spellings, the second one needs only the password. See [User].
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
	pages, err := templates.New(c.pages...)
	if err == nil {
		c.links = pages.Links()
	}
	f := c.check()
	exempt, wrong := newExemptions(c.exemptPatterns())
	f = append(f, wrong...)
	f.check("WithPages", nil, err)
	if err == nil {
		f = append(f, c.checkLayout(pages, exempt)...)
	}
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
		HomePath: c.outside(c.home), LoginPath: c.outside(c.login), LogoutPath: c.outside(c.logout),
		PasswordPath: c.outside(c.links.Password), HelpURL: c.outside(c.links.Help), PrivacyURL: c.outside(c.links.Privacy),
		Cancel: c.cancel, Fields: c.fields, LayoutData: c.layoutData, Language: c.language,
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

// Routes returns a handler that serves the gate's own pages and nothing else, to be
// mounted at the base path where [Gate.Require] guards groups of routes.
func (g *Gate) Routes() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.routeCheck.Answers(r, routecheck.Pages) {
			return
		}
		g.handlers.ServeHTTP(w, r)
	})
}

// Format prints the base path, for every verb, and no secret.
func (g *Gate) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "middleware.Gate(%q)", g.base) }

// Run does the gate's background work until ctx is done: it retries reports to the
// service that failed, and deletes expired records. Then it ends the event streams, as
// [Gate.EndStreams] does, and waits up to 10 seconds for notices that are being sent. It
// may run on every node.
func (g *Gate) Run(ctx context.Context) {
	defer context.AfterFunc(ctx, g.EndStreams)()
	g.rules.Run(ctx)
	if g.messages != nil {
		g.messages.finish()
	}
}

// EndStreams ends the event streams. Each page that waits for the phone holds one, and
// [http.Server.Shutdown] would wait minutes for them, so register EndStreams with
// [http.Server.RegisterOnShutdown]. The pages reconnect within three seconds, possibly to
// another node. From then on, a stream on this node ends after its first event. It is
// safe for concurrent use, and may be called again.
func (g *Gate) EndStreams() { g.handlers.EndStreams() }
