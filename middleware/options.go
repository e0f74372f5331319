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

// An Option is an option of [New].
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
	links      templates.Links
	cancel     func(http.ResponseWriter, *http.Request)
	fields     func(*http.Request) []FormField
	language   func(*http.Request) string
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
	layoutData func(*http.Request) any
	events     func(context.Context, eagate.Event)
	notifier   Notifier
	required   func(User) eagate.Requirement
	log        *slog.Logger
	now        func() time.Time
	elapsed    func() time.Duration

	lacking map[string]string // what options lack that were given nothing
}

// A User is the user who is logged in by password. It is an alias, so that a program that
// only sets up a gate needs no other import.
type User = eagate.User

// WithSessions sets the session manager whose LoadAndSave runs outside the gate. It is
// required. Its cookie must be Secure; see [WithInsecureCookie]. Its Lifetime, and
// IdleTimeout if set, must not be shorter than [WithTokenLifetime]. [New] reports that,
// and a cookie whose attributes keep it from browsers or from the gate's pages.
//
// A session stays verified until it ends, or the proof is revoked. SetDeadline moves that end, and RenewToken
// gives the session another ID, at any time and without another proof. MergeSession
// merges a proof together with its user. Clear and Destroy remove the gate's keys, so the
// session must prove the second factor again even if the user is put back.
//
// The gate works with any Codec, any Store, including those that need the values of the
// request's context, and HashTokenInStore. Only LoadAndSave sets the session cookie: it
// may be that of a copy of the manager with another cookie per request, or the
// application's own code that uses a header instead. If Cookie.Name changes, users must
// sign in and prove the second factor again.
func WithSessions(m *scs.SessionManager) Option { return func(c *config) { c.sessions = m } }

// WithStore sets the store of accounts, challenges and grants. It is required. Accounts
// are found by the user's ID alone, so applications with different users need different
// stores: another schema, database, bucket or key prefix.
func WithStore(s store.Backend) Option { return func(c *config) { c.store = s } }

// WithStoreTimeout sets how long a request may wait for the store. The default is 3
// seconds. [New] reports less than 100 milliseconds, and more than 30 seconds. All store
// calls of the guard, or of one of the gate's own pages, have this time together; those of
// a step-up route, those that follow a logout or a user's first code, and each one outside
// of requests, as by [Gate.Run] and [Admin], have it once more. Time spent waiting for the
// eAuthenticator service doesn't count.
//
// A request that the store can't answer in time gets a 503 with Retry-After, immediately
// if the gate can predict it; a session that this node has seen verified in the last two
// seconds passes. The gate limits concurrent store calls to what the store can answer in
// time, and lets requests that have made one finish before others begin. It logs one line
// when the store starts to fail, and one when it recovers.
func WithStoreTimeout(d time.Duration) Option { return func(c *config) { c.patience = d } }

// WithUser sets the function that returns the user who is logged in by password. It is
// required.
//
//	middleware.WithUser(func(r *http.Request) (middleware.User, error) {
//		u, err := users.ByID(r.Context(), sessions.GetString(r.Context(), "user"))
//		if errors.Is(err, sql.ErrNoRows) { // logged out, or deleted
//			return middleware.User{}, nil
//		}
//		return middleware.User{ID: u.ID, Email: u.Email}, err
//	})
//
// The zero User without an error means that nobody is logged in: the request passes, and
// a grant of the session is revoked. A deleted user is the zero User, not an error. See
// [User] for the ID.
//
// An error means that the user is unknown, because a database doesn't respond, say; so
// does a User with an address but no ID. Guarded routes and the gate's own pages then
// answer 503 with Retry-After, and nothing changes: a verified session is verified again
// after the error. Exempt routes work as usual. The error is logged once a minute.
//
// The function is called for each request of the application's routes that the gate sees,
// and by the gate's own pages, but not by their files and the callback. It is called again
// by [Gate.RequireRecent], [Gate.RequireMethod] and [Gate.EnrolmentDue], and after requests
// that change the session. It must be safe for concurrent use and should be fast: it
// should read the session, or a cache.
func WithUser(user func(*http.Request) (User, error)) Option {
	return func(c *config) { c.user = user }
}

// WithEmail sets the function that returns a user's current e-mail address, which
// replaces User.Email: for applications whose sessions keep the address of the login,
// or learn of a change late. Without it, User.Email must be the current address.
//
// The service identifies users by address only, so a request is sent to the phone, and
// its approval accepted, only for the user's current address. The function is called
// before a request is sent, when an approval is used, and when a phone is set up, for the
// QR code and for the first code, both also with the ID of another user who has a second
// factor under the same address; and by the pages that say whether the phone can be asked
// or set up. It is not called for other requests that pass the guard. Its context has the
// values of the request's context. It must be safe for concurrent use.
//
// An error means that the address is unknown: the phone can't be set up and an approval
// can't be used, so the request is answered with 503 and changes nothing. At a login, no
// request is sent to the phone, and codes still work. For a user without an address, or a
// deleted user, return "" and no error.
func WithEmail(email func(ctx context.Context, userID string) (string, error)) Option {
	return func(c *config) { c.email = email; c.given("WithEmail", email != nil, "no function") }
}

// emailOf returns the rules' function for that of WithEmail.
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

// WithIssuer sets the application's name in the phone app and on the pages. It is
// required. [New] reports names of more than 64 bytes, and colons, slashes and percent
// signs, which some authenticator apps misread.
func WithIssuer(name string) Option { return func(c *config) { c.issuer = name } }

// WithKey sets the key, 32 random bytes, from which those are derived that seal TOTP
// secrets and authenticate records in the store, and the secret in the callback's path. It
// is required. [New] reports keys of another length, and of a single byte repeated. The first
// key seals and all keys open; a record that another key has sealed is resealed at its
// next change. The callback paths of the first two keys are accepted. [Admin.ResealAll]
// describes how to change the key on several nodes.
func WithKey(key []byte, others ...[]byte) Option {
	return func(c *config) { c.keys = append([][]byte{key}, others...) }
}

// WithInsecureCookie allows a session cookie without Secure, for development on
// http://localhost, and omits Secure from the gate's own cookies. Without it, [New]
// reports such a cookie.
func WithInsecureCookie() Option { return func(c *config) { c.insecure = true } }

// WithTokenLifetime sets how long a request to the phone is valid and its session token
// is kept. The default is 5 minutes. [New] reports less than 5 minutes, and more than 10
// (ASVS 5.0 6.5.5).
func WithTokenLifetime(d time.Duration) Option { return func(c *config) { c.lifetime = d } }

// WithTOTP sets the parameters of codes for new enrolments: the algorithm SHA1, SHA256 or
// SHA512, 6 or 8 digits, and a period of whole seconds from 15 seconds to 2 minutes (RFC
// 6238); [New] reports all others. The default is SHA1, 6 and 30 seconds. All authenticator
// apps support that; where FIPS 140-3 is enforced (GODEBUG=fips140=only), SHA1 is a fault.
// A code is
// accepted in its own period, the one before and the one after (RFC 6238 §5.2), and only
// once; it invalidates all earlier codes.
func WithTOTP(algorithm string, digits int, period time.Duration) Option {
	return func(c *config) {
		c.parameters = totp.Parameters{Algorithm: algorithm, Digits: digits, Period: period}
	}
}

// WithLogger sets the logger. The default is [slog.Default].
func WithLogger(l *slog.Logger) Option {
	return func(c *config) { c.log = l; c.given("WithLogger", l != nil, "no logger") }
}

// WithClock sets the clock. The default is [time.Now]. The clocks of an application's
// nodes may differ by five seconds.
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
