package records

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/store"
)

// A Challenge is one push request to one user's phone.
type Challenge struct {
	// ID is the SHA-256 of the service's session token, in base64url: the token
	// itself is never stored.
	ID string `json:"-"`

	UserID string `json:"user"`

	// Binding names the session that started the challenge: no other can use
	// its approval.
	Binding string `json:"binding"`

	// Browser is the SHA-256, in base64url, of the secret that only the browser which
	// began the challenge was given: it alone is shown the number, and can use the
	// approval.
	Browser string `json:"browser"`

	// Epoch and Era are the account's at the start.
	Epoch uint64 `json:"epoch"`
	Era   uint64 `json:"era,omitzero"`

	State ChallengeState `json:"state"`
	Mode  eagate.Mode    `json:"mode"`

	// Number is what the user taps on the phone; empty in the hosted modes.
	Number string `json:"number,omitzero"`

	CreatedAt time.Time `json:"created_at"`
	DecidedAt time.Time `json:"decided_at,omitzero"` // when the phone answered

	// ExpiresAt ends the time in which the phone may answer and the answer be
	// used.
	ExpiresAt time.Time `json:"expires_at"`

	// ForgetAt is when the record may be deleted: later than ExpiresAt, so that
	// a page can still say what happened.
	ForgetAt time.Time `json:"forget_at"`

	// Ends is when the locked session that is to be unlocked would end by itself: a
	// rejection ends it for all that time. It is zero in a session that isn't locked.
	Ends time.Time `json:"ends,omitzero"`

	// GrantID is the grant that the approval was turned into; set in the state
	// [Consumed].
	GrantID string `json:"grant,omitzero"`

	Version uint64 `json:"-"`
	Stale   bool   `json:"-"` // see Account

	Unknown jsontext.Value `json:",unknown"`
}

// ChallengeState is how far a challenge has come. That it has expired is not a
// state but a matter of the clock.
type ChallengeState uint8

const (
	Pending     ChallengeState = iota // the phone hasn't answered; the zero value
	Approved                          // the phone said yes; the session hasn't come back for it yet
	NotApproved                       // the service said that it failed: a rejection, a time-out or a fault
	Rejected                          // the same, where the application says that it means a rejection
	Consumed                          // the approval was turned into a grant
	Void                              // given up: its session is over, or no longer waits for it
	Replaced                          // given up for a newer challenge
)

var challenges = kind[Challenge]{
	name: store.Challenges,
	of:   func(c *Challenge) meta { return meta{&c.ID, &c.Version, &c.Stale} },
	due:  func(c *Challenge) time.Time { return c.ForgetAt },
	// A number isn't awaited: nobody waits for a challenge before its account names it,
	// and it has its number then.
	awaited: func(from, to *Challenge) bool { return from.State != to.State },
	written: func(o Observer, id string, c *Challenge) { o.ChallengeWritten(id, c) },
}

// CreateChallenge stores a new challenge, or returns [ErrExists].
func (r *Records) CreateChallenge(ctx context.Context, c Challenge) error {
	return challenges.create(ctx, r, c)
}

// Challenge returns the challenge with that ID, or [ErrNotFound]. It may have
// expired.
func (r *Records) Challenge(ctx context.Context, id string) (Challenge, error) {
	return challenges.get(ctx, r, id)
}

// UpdateChallenge applies change to the challenge with that ID, under the rules of
// [Records.UpdateAccount], or returns [ErrNotFound] without calling it.
func (r *Records) UpdateChallenge(ctx context.Context, id string, change func(*Challenge) error) error {
	return challenges.update(ctx, r, id, false, change)
}
