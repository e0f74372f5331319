package middleware

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/hashing"
	"github.com/eagate/eagate/internal/totp"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/templates"
)

// An Option sets up a [Gate]; see [New].
type Option func(*config)

type config struct {
	sessions *scs.SessionManager
	service  Service
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

// WithEmail names the function that tells a user's present e-mail address, which the
// gate then believes in place of [User.Email]: for applications whose sessions keep the
// address of the login, and for changes of it that reach open sessions late. Unless
// set, User.Email counts, and must be the present address.
//
// The service knows users by address alone, so a request to the phone is only sent
// to, and its approval only taken from, an address that the user has now. The function
// is called whenever a request is sent to the phone, when its approval is taken, and
// when a phone is set up, both for the QR code and for its first code; for whoever
// has a second factor under an address that another user sets a phone up with, too.
// Pages and programs that pass the guard don't call it. It is called with the request's
// values, from any number of requests at once, while they wait.
//
// An error means that it can't be told: a phone can't be set up, nor an approval taken,
// and the request is answered with 503 and changes nothing; at a login, the phone isn't
// asked, and codes go on working. A user who has no address, or no longer exists, has
// "" and no error.
func WithEmail(email func(ctx context.Context, userID string) (string, error)) Option {
	return func(c *config) { c.email = email; c.given("WithEmail", email != nil, "no function") }
}

// emailOf turns the function that WithEmail was given into what the rules call.
func emailOf(email func(context.Context, string) (string, error)) func(context.Context, string) (string, error) {
	if email == nil {
		return nil
	}
	return func(ctx context.Context, userID string) (string, error) {
		address, err := email(ctx, userID)
		if err != nil {
			return "", fmt.Errorf("middleware: WithEmail: user %q: %w", userID, err)
		}
		return address, nil
	}
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

// WithInsecureCookie allows a session cookie without Secure: for development on
// http://localhost only.
func WithInsecureCookie() Option { return func(c *config) { c.insecure = true } }

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
