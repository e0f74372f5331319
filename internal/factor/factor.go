// Package factor holds the rules: who must prove, what counts as proof, and how often
// one may try. It knows nothing of HTTP. Every decision is an atomic change of a record in
// the store (see package records), so that the rules hold on any number of nodes.
//
// The files, in the order in which a user comes to them:
//
//   - check.go: [Rules.Check], how a session stands, which is asked on every request;
//     cache.go remembers the answers for seconds. A [Demand] asks for more than a grant.
//   - required.go: [Rules.Missing], whether a user may go without a second factor.
//   - enrol.go: [Rules.Stage], [Rules.Confirm] and [Rules.Disable]; address.go has which
//     account holds an e-mail address, whose phone is asked.
//   - begin.go: [Rules.Begin] asks the phone, as often as push.go allows; decide.go
//     records the answer; challenge.go shows the challenge to its session, and
//     approval.go turns an approval into a grant.
//   - code.go: [Rules.VerifyCode] turns a code into a grant, if attempts.go has it
//     checked; recovery.go has the recovery codes, and newcodes.go makes them.
//   - device.go: browsers that are trusted. lastproofs.go: what its user sees of the last
//     proofs.
//   - grant.go: grants, and how long they are kept. enter.go: [Rules.Succeed] has a session
//     go on with a grant, under another ID; leave.go: how a session ends; forms.go
//     recognizes a form that is sent twice.
//   - proof.go: what stops a change that has been overtaken, such as a hold.
//   - operators.go: what administrators do.
//   - events.go, sync.go and background.go: how the application and the service learn
//     of changes.
//
// What each event makes of a record, in each of its states, stands in tables that the
// tests compare with the rules: challenge_table_test.go, grant_table_test.go,
// session_table_test.go, account_table_test.go and address_table_test.go. What must never
// happen, in whatever order, is in package middleware's TestModel.
package factor

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/hashing"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/totp"
	"github.com/eagate/eagate/internal/waiting"
)

// A Service is what the rules need of the eAuthenticator service;
// *client.Client is one.
type Service interface {
	CreateSession(ctx context.Context, email string) (token string, err error)
	SecretNumber(ctx context.Context, token string) (number string, err error)
	SyncStatus(ctx context.Context, s client.Status) error
}

// A Session is what the browser session of a request knows of its challenge,
// and what it is bound by.
type Session struct {
	// Token is the service's session token that the session holds, if any.
	Token string

	// Binding is a hash of the session's own ID. A challenge belongs to the
	// session if either its token or its binding does: concurrent requests can
	// overwrite what a session holds, but not what it is called; and the
	// application may rename it, but keeps what it holds. It is empty for a
	// session that was never saved.
	Binding string

	// Staged is the binding that the session had when it began an enrolment, if it did.
	Staged string

	// Browsers are hashes of the secrets that the request's browser was given when it
	// began something: see [BrowserOf].
	Browsers []string

	// Secrets are those secrets, and that of the browser's trusted device, the newest
	// last: who has one of them is the same browser.
	Secrets []string

	// Form is what the request has sent, if that is a form with a code.
	Form Form

	// Ends is when a locked session ends by itself: it ends earlier if its request is
	// rejected on the phone. It is zero in a session that isn't locked.
	Ends time.Time
}

// began reports whether the request comes from the browser with that hash.
func (s Session) began(browser string) bool {
	return browser != "" && slices.Contains(s.Browsers, browser)
}

// Secret returns the request's secret of the browser with that hash, or "".
func (s Session) Secret(browser string) string {
	for _, secret := range s.Secrets {
		if browser != "" && BrowserOf(secret) == browser {
			return secret
		}
	}
	return ""
}

// is reports whether s is the session with that binding. A session that isn't
// bound yet is none.
func (s Session) is(binding string) bool { return s.Binding != "" && s.Binding == binding }

// Config is what the rules are made of. All of it is needed but Required,
// Email, Events and Notify, and TOTP, TokenLifetime, Mode, RecoveryCost and Elapsed,
// which have defaults.
type Config struct {
	Records *records.Records
	Service Service
	Keys    *keyring.Keyring

	Issuer          string
	ClientID        string
	SecretOnDisable bool

	// False is what a report of false means.
	False eagate.FalseResult

	// HoldRejected holds an account when a request is rejected on the phone, with
	// [eagate.Rejection].
	HoldRejected bool

	// DeviceLifetime is how long a browser may be trusted, or 0 for not at all.
	DeviceLifetime time.Duration

	TOTP          totp.Parameters
	TokenLifetime time.Duration // how long a challenge lives
	Mode          eagate.Mode   // how a challenge is shown

	// StoreTimeout is how long a request can wait for the store.
	StoreTimeout time.Duration

	// RecoveryCost is what hashing a recovery code takes: less in tests, which make
	// many codes.
	RecoveryCost hashing.Cost

	// Hash hashes a recovery code at that cost; nil for Argon2id. Tests hold it.
	Hash func(c hashing.Cost, code string, salt []byte) []byte

	// EarlyWait is how much earlier than its challenge a report may come: less in tests
	// of reports that are of none.
	EarlyWait time.Duration

	// Required says who must have a second factor; nil for nobody.
	Required func(eagate.User) eagate.Requirement

	// Email returns a user's present e-mail address, in place of User.Email; or nil.
	Email func(ctx context.Context, userID string) (string, error)

	// Events is called, while the request waits, after the change has been stored.
	Events func(context.Context, eagate.Event)

	// Notify is called for those events that the user should learn of.
	Notify func(context.Context, eagate.Event)

	Log *slog.Logger
	Now func() time.Time

	// Elapsed is the monotonic clock: the time since some moment of this process.
	Elapsed func() time.Duration
}

// The limits.
const (
	DefaultTokenLifetime = 5 * time.Minute
	MaxTokenLifetime     = 10 * time.Minute // ASVS 5.0 6.5.5

	freshness     = 5 * time.Minute  // how recent a proof must be to change the factor without another
	enrolmentTime = 30 * time.Minute // from the first QR code to its first code

	// replacementTime is from the proof that allows another phone to that one's first
	// code: an attacker who finds the session open later must not finish what its owner
	// has begun.
	replacementTime = 15 * time.Minute

	forgetAfter   = time.Hour        // how long an ended challenge can still be shown
	cacheLifetime = 2 * time.Second  // how old what Check knows may be
	cacheSize     = 1 << 14          // accounts and grants each, at least; at most twice as many
	strandedAfter = 2 * time.Second  // how long a request may take to unlock a session, beside what it waits for the store
	reservation   = 15 * time.Second // longer than the two calls that start a challenge may take
)

// Rules are safe for concurrent use.
type Rules struct {
	cfg     Config
	early   earlyReports
	cache   *cache
	logged  logged
	waiting *waiting.Hub
	hashing *hashing.Queue
	runs    runs
}

// New checks TOTP, TokenLifetime and RecoveryCost, and returns every fault in them.
func New(cfg Config) (*Rules, error) {
	cfg.TOTP = cmp.Or(cfg.TOTP, totp.Default)
	cfg.TokenLifetime = cmp.Or(cfg.TokenLifetime, DefaultTokenLifetime)
	cfg.RecoveryCost = cmp.Or(cfg.RecoveryCost, hashing.Default)
	cfg.EarlyWait = cmp.Or(cfg.EarlyWait, earlyWait)
	if cfg.Hash == nil {
		cfg.Hash = hashing.Cost.Hash
	}
	if err := errors.Join(cfg.TOTP.Check(), CheckTokenLifetime(cfg.TokenLifetime), cfg.RecoveryCost.Check()); err != nil {
		return nil, err
	}
	if cfg.Elapsed == nil {
		start := time.Now()
		cfg.Elapsed = func() time.Duration { return time.Since(start) }
	}
	clock := cfg.Now
	// As precise as records are due, and as they are read.
	cfg.Now = func() time.Time { return clock().UTC().Truncate(time.Microsecond) }
	hub := waiting.New(cfg.Records, cfg.Now, cfg.Log)
	if cfg.Records != nil { // else the gate reports it
		cfg.Records = cfg.Records.Observed(hub)
	}
	return &Rules{cfg: cfg, early: newEarlyReports(), waiting: hub, cache: newCache(), logged: newLogged(), hashing: hashing.NewQueue()}, nil
}

// CheckTokenLifetime returns what is wrong with how long a challenge lives.
func CheckTokenLifetime(d time.Duration) error {
	if d < DefaultTokenLifetime || d > MaxTokenLifetime {
		return fmt.Errorf("%v isn't 5 to 10 minutes", d)
	}
	return nil
}

// Account returns the user's account as the store has it.
func (r *Rules) Account(ctx context.Context, userID string) (records.Account, error) {
	return r.cfg.Records.Account(ctx, userID)
}

// Digits is how many digits a code has that acct's factor in force makes.
func (r *Rules) Digits(acct records.Account) int {
	if acct.State == records.On {
		return acct.Factor.Digits
	}
	return r.cfg.TOTP.Digits
}

// Now is the rules' clock.
func (r *Rules) Now() time.Time { return r.cfg.Now() }

// updateAccount changes an account, also in the cache. What an older key has
// sealed in it is sealed anew; if that can't be opened, the change is made all the same.
func (r *Rules) updateAccount(ctx context.Context, userID string, change func(*records.Account) error) error {
	var acct records.Account
	refused, began, changes := false, r.instant(), r.cache.generation(userID, "")
	err := r.cfg.Records.UpdateAccount(ctx, userID, func(a *records.Account) error {
		err := change(a)
		if refused = err != nil; refused {
			return err
		}
		_, _ = r.reseal(a)
		acct = *a
		return nil
	})
	switch {
	case refused: // else requests that change nothing could keep the cache empty
	case err != nil || acct.Version == 0:
		r.cache.forgetAccount(userID)
	default:
		r.cache.changed(userID, newCachedAccount(acct, began), changes)
	}
	return err
}

// ignore returns err unless it is one of the others.
func ignore(err error, others ...error) error {
	for _, other := range others {
		if errors.Is(err, other) {
			return nil
		}
	}
	return err
}

// detached is how long work may go on after the browser that began it has left.
const detached = time.Minute

// detach returns a context for work that must not stop in the middle when the browser
// goes away.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), detached)
}

// hash names a secret in the store without giving it away. The secrets are
// random and long, so a plain SHA-256 does.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Binding names the browser session with that ID.
func Binding(sessionID string) string { return hash("eagate session\x00" + sessionID) }

// BrowserOf returns the hash of a browser's secret, as records keep it.
func BrowserOf(secret string) string { return hash("eagate browser\x00" + secret) }

// newID returns 256 random bits as text.
func newID() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
