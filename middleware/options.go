package middleware

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/hashing"
	"github.com/eagate/eagate/internal/totp"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/templates"
)

// An Option sets up a [Gate]; see [New].
type Option func(*config)

type config struct {
	sessions *scs.SessionManager
	service  *client.Client
	store    store.Backend
	patience time.Duration // with the store
	user     func(*http.Request) (User, error)
	email    func(context.Context, string) (string, error)
	issuer   string
	keys     [][]byte

	base       string
	home       string
	login      string
	logout     string
	password   string
	help       string
	cancel     func(http.ResponseWriter, *http.Request)
	fields     func(*http.Request) []FormField
	exempt     []string
	insecure   bool
	networks   []netip.Prefix
	source     func(*http.Request) (netip.Addr, error)
	lifetime   time.Duration
	mode       eagate.Mode
	origin     string
	trusted    []string
	external   string
	parameters totp.Parameters
	devices    time.Duration
	devicesSet bool
	cost       hashing.Cost
	early      time.Duration
	hash       func(cost hashing.Cost, code string, salt []byte) []byte
	hold       bool
	falses     eagate.FalseResult
	pages      []templates.Option
	events     func(context.Context, eagate.Event)
	notifier   Notifier
	required   func(User) eagate.Requirement
	log        *slog.Logger
	now        func() time.Time
	elapsed    func() time.Duration

	lacking map[string]string // what options lack that were given nothing
}

// A User is who the application says is logged in by password. It is package eagate's:
// a program that only sets up a gate needs no import but this package.
type User = eagate.User

// WithSessions names the session manager whose LoadAndSave runs outside the
// gate. Required. Its cookie must be Secure; see [WithInsecureCookie]. Lifetime, and
// IdleTimeout if any, are no shorter than [WithTokenLifetime].
//
// A session is verified until it ends. SetDeadline, before or after, moves that end, and
// RenewToken gives the session another ID, at any time and without another proof;
// MergeSession takes a proof along with its user. What removes the gate's own keys asks for
// another: Clear and Destroy do, although the user is put back. Any codec will do, any
// store, with the values of the request's context too, and HashTokenInStore. The
// session's cookie is set by LoadAndSave alone: it can be that of a copy of the manager, with
// another cookie for each request, or the application's own code with a header in place
// of the cookie. When Cookie.Name changes, users sign in and prove it anew.
func WithSessions(m *scs.SessionManager) Option { return func(c *config) { c.sessions = m } }

// WithService names the eAuthenticator API. Required.
func WithService(s *client.Client) Option { return func(c *config) { c.service = s } }

// WithStore names the place where accounts, challenges and grants are kept.
// Required. Applications with users of their own need a place of their own: another
// schema, database, bucket or prefix of keys. Accounts are found by the user's ID alone.
func WithStore(s store.Backend) Option { return func(c *config) { c.store = s } }

// WithStoreTimeout sets how long a request may wait for the store: 3 seconds unless
// set, and 100 milliseconds to 30 seconds. It holds for all that one request asks
// of the store together; time in which the eAuthenticator service is asked doesn't
// count. Other calls, those of [Gate.Run] and [Admin] too, have it each.
//
// A request that the store can't answer in time gets a 503 with Retry-After, at
// once where it can be foreseen; what was verified in the last two seconds passes.
// The store is asked by as many requests at a time as it can answer, and those that
// were begun come first. The log has a line when the store begins to fail, and one
// when it answers again.
func WithStoreTimeout(d time.Duration) Option { return func(c *config) { c.patience = d } }

// WithUser names the function that tells who is logged in by password. Required.
//
//	middleware.WithUser(func(r *http.Request) (middleware.User, error) {
//		u, err := users.ByID(r.Context(), sessions.GetString(r.Context(), "user"))
//		if errors.Is(err, sql.ErrNoRows) { // logged out, or deleted
//			return middleware.User{}, nil
//		}
//		return middleware.User{ID: u.ID, Email: u.Email}, err
//	})
//
// The zero User and no error is nobody: such requests pass, and what the session was
// verified for ends. A user who no longer exists is nobody, not an error. [User] says
// which ID to return.
//
// An error says that it can't be told, because a database doesn't answer perhaps. So
// does a User with an address and no ID. Guarded routes and the gate's own pages
// answer 503 then, with Retry-After, and nothing changes: a verified session is
// verified again when it can be told. Routes that are exempt go on as they are. The
// log has the error once a minute.
//
// The function is called on every request, and again after those that change the
// session, from any number of requests at once. It should only look into the session,
// or at what is as near.
func WithUser(user func(*http.Request) (User, error)) Option {
	return func(c *config) { c.user = user }
}

// WithIssuer names the application, as users see it in the phone app and on the
// pages, in 64 bytes at most. Required. It has no colon, slash or percent sign, by which
// some authenticator apps would cut it or read it otherwise.
func WithIssuer(name string) Option { return func(c *config) { c.issuer = name } }

// WithKey gives the key, 32 random bytes, from which everything is derived that
// must be secret: what seals TOTP secrets in the store, and the callback's path.
// Required. The first key seals, and all of them open; what another has sealed is
// sealed anew when its account changes next. The callback of the first two is
// taken. [Admin.ResealAll] says how to change the key on several nodes.
func WithKey(key []byte, former ...[]byte) Option {
	return func(c *config) { c.keys = append([][]byte{key}, former...) }
}

// WithBasePath puts the gate's own pages below another path than "/2fa".
func WithBasePath(path string) Option { return func(c *config) { c.base = path } }

// WithHomePath names the page to go to after the challenge when none was asked
// for before; "/" unless set.
func WithHomePath(path string) Option { return func(c *config) { c.home = path } }

// WithLoginPath names the application's login page: it is what the gate's own
// pages lead to when nobody is logged in. It is exempt, for GET and POST, so
// that somebody who is stopped at the challenge can log in as somebody else.
func WithLoginPath(path string) Option {
	return func(c *config) { c.login = path; c.given("WithLoginPath", path != "", "no path") }
}

// WithLogoutPath names the route that ends a session by POST. It is exempt. The
// challenge page has a button of its own; see [WithCancel].
func WithLogoutPath(path string) Option {
	return func(c *config) { c.logout = path; c.given("WithLogoutPath", path != "", "no path") }
}

// WithExempt names routes that need no second factor, as [http.ServeMux]
// patterns without a host: "GET /healthz", "/static/", "POST /webhooks/{id}". A
// request whose path isn't in its plain form (dots, doubled or encoded slashes)
// is never exempt, so that no exemption reaches further than it seems.
func WithExempt(patterns ...string) Option {
	return func(c *config) { c.exempt = append(c.exempt, patterns...) }
}

// WithInsecureCookie allows a session cookie without Secure: for development on
// http://localhost only.
func WithInsecureCookie() Option { return func(c *config) { c.insecure = true } }

// WithCallbackNetworks takes the service's callback only from these networks.
// The address is the other end of the connection; behind a reverse proxy, set
// [WithCallbackSource] as well.
func WithCallbackNetworks(networks ...netip.Prefix) Option {
	return func(c *config) {
		c.networks = append(c.networks, networks...)
		c.given("WithCallbackNetworks", len(c.networks) > 0, "no network, and callbacks would be taken from anywhere")
	}
}

// WithCallbackSource names the function that tells where a callback comes from,
// for [WithCallbackNetworks] behind a reverse proxy. It must trust no header
// that a client can set.
func WithCallbackSource(source func(*http.Request) (netip.Addr, error)) Option {
	return func(c *config) { c.source = source; c.given("WithCallbackSource", source != nil, "no function") }
}

// WithTokenLifetime sets how long a request to the phone is good, and its
// session token kept: 5 minutes unless set, and 5 to 10 (ASVS 5.0 6.5.5).
func WithTokenLifetime(d time.Duration) Option { return func(c *config) { c.lifetime = d } }

// WithTOTP sets how the codes of new enrolments are made: algorithm SHA1, SHA256
// or SHA512, of 6 or 8 digits, each for a period of whole seconds (RFC 6238).
// "SHA1", 6 and 30 s unless set, which all authenticator apps can do; where FIPS 140-3 is
// enforced (GODEBUG=fips140=only), SHA1 is refused. A code is taken
// in its own period, the one before and the one after (RFC 6238 §5.2), and once: with
// it all earlier ones are used up.
func WithTOTP(algorithm string, digits int, period time.Duration) Option {
	return func(c *config) {
		c.parameters = totp.Parameters{Algorithm: algorithm, Digits: digits, Period: period}
	}
}

// WithPages sets up the pages: their languages and texts.
func WithPages(opts ...templates.Option) Option {
	return func(c *config) { c.pages = append(c.pages, opts...) }
}

// WithLogger names the logger; [slog.Default] unless set.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) { c.log = l; c.given("WithLogger", l != nil, "no logger") }
}

// WithClock names the clock; [time.Now] unless set. The clocks of an application's nodes
// may differ by five seconds.
func WithClock(now func() time.Time) Option {
	return func(c *config) { c.now = now; c.given("WithClock", now != nil, "no clock") }
}

// SetRecoveryCost sets what hashing a recovery code takes. It is how the tests of
// this module make codes cheap, and no option: applications can't name its
// parameter's type.
func (c *config) SetRecoveryCost(cost hashing.Cost) { c.cost = cost }

// SetEarlyWait sets how long a report waits for its challenge, for the tests of this
// module.
func (c *config) SetEarlyWait(wait time.Duration) { c.early = wait }

// SetElapsed sets the monotonic clock that goes with WithClock's, for the tests of
// this module: it stands still while a machine is suspended, and can't be set.
func (c *config) SetElapsed(elapsed func() time.Duration) { c.elapsed = elapsed }

// SetHash sets how recovery codes are hashed. The tests of this module hold it.
func (c *config) SetHash(hash func(cost hashing.Cost, code string, salt []byte) []byte) {
	c.hash = hash
}
