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

	// Binding identifies the session that started the challenge, the only one that can
	// use its approval.
	Binding string `json:"binding"`

	// Browser is the SHA-256, in base64url, of the secret of the browser that started the
	// challenge: only that browser sees the number and can use the approval.
	Browser string `json:"browser"`

	// Epoch and Era are the account's at the start.
	Epoch uint64 `json:"epoch"`
	Era   uint64 `json:"era,omitzero"`

	State ChallengeState `json:"state"`
	Mode  eagate.Mode    `json:"mode"`

	// Number is what the user taps on the phone; empty in the hosted modes.
	Number string `json:"number,omitzero"`

	CreatedAt time.Time `json:"created_at"`
	DecidedAt time.Time `json:"decided_at,omitzero"` // when the service reported

	// ExpiresAt is until when the request can be approved and the approval used.
	ExpiresAt time.Time `json:"expires_at"`

	// ForgetAt is when the record may be deleted: later than ExpiresAt, so that a page
	// can still show the result.
	ForgetAt time.Time `json:"forget_at"`

	// Ends is the deadline of the locked session, until which a rejection is recorded.
	// It is zero for a verified session.
	Ends time.Time `json:"ends,omitzero"`

	// GrantID is the grant that the approval created; set in the state [Consumed].
	GrantID string `json:"grant,omitzero"`

	Version uint64 `json:"-"`
	Stale   bool   `json:"-"` // see Account

	Unknown jsontext.Value `json:",embed"`
}

// A ChallengeState is the state of a challenge. Expiry is not a state; ExpiresAt has it.
type ChallengeState uint8

const (
	Pending     ChallengeState = iota // not reported yet; the zero value
	Approved                          // approved on the phone, and not used yet
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
	// A change of the number needs no notification: nobody waits for a challenge before
	// its account names it, and it has its number then.
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
