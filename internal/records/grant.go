package records

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/store"
)

// A Grant is a proof that was given: a session that holds its secret, and that it
// was made for, is verified.
type Grant struct {
	// ID is the SHA-256, in base64url, of the secret that the session holds.
	ID string `json:"-"`

	UserID string `json:"user"`

	// Kind says what the record is.
	Kind Kind `json:"kind"`

	// Epoch is the account's when the proof was given.
	Epoch uint64 `json:"epoch,omitzero"`

	// Method is how it was given.
	Method eagate.Method `json:"method,omitzero"`

	// Binding names the session as it was before unlocking: a response that was
	// still on its way then may bring that session's cookie back to the browser.
	Binding string `json:"binding,omitzero"`

	// Successor is, of [KindMoved], the ID of the grant that the session went on
	// with.
	Successor string `json:"successor,omitzero"`

	// Left are, of [KindLeft], the IDs of grants, oldest first.
	Left []string `json:"left,omitzero"`

	// Form is, of [KindMoved], the ID of the form by which the session was unlocked, as in
	// [Form]; empty if it was by none.
	Form string `json:"form,omitzero"`

	// Sealed is what only one browser may have, under the keys and that browser's secret:
	// of [KindMoved], the secret of the grant that the session went on with; of [KindCodes],
	// recovery codes.
	Sealed []byte `json:"sealed,omitzero"`

	// Device is, of [eagate.TrustedDevice], the ID of the trusted device: the grant lasts
	// as long as that is trusted.
	Device string `json:"device,omitzero"`

	VerifiedAt time.Time `json:"verified_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`

	Version uint64 `json:"-"`
	Stale   bool   `json:"-"` // see Account

	Unknown jsontext.Value `json:",unknown"`
}

// Kind says what a [Grant] is: a proof, or a mark that nothing can be proved any
// more in a session, which is kept in the same place because it lives as long; or
// the list of what a user's sessions that are over have left there; or recovery codes
// that have just been made.
type Kind uint8

const (
	KindProof    Kind = iota // a proof; the zero value
	KindMoved                // the session goes on under another ID
	KindEnded                // the session was logged out
	KindRejected             // the session was locked, and its request was rejected on the phone
	KindLeft                 // a list of the user's marks and former grants
	KindCodes                // new recovery codes, which one browser may see for a while
)

var grants = kind[Grant]{
	name:    store.Grants,
	of:      func(g *Grant) meta { return meta{&g.ID, &g.Version, &g.Stale} },
	due:     func(g *Grant) time.Time { return g.ExpiresAt },
	awaited: func(_, _ *Grant) bool { return false },
}

// CreateGrant stores a new grant, or returns [ErrExists].
func (r *Records) CreateGrant(ctx context.Context, g Grant) error { return grants.create(ctx, r, g) }

// Grant returns the grant with that ID, or [ErrNotFound]. It may have expired.
func (r *Records) Grant(ctx context.Context, id string) (Grant, error) { return grants.get(ctx, r, id) }

// UpdateGrant applies change to the grant with that ID, under the rules of
// [Records.UpdateAccount], or returns [ErrNotFound] without calling it.
func (r *Records) UpdateGrant(ctx context.Context, id string, change func(*Grant) error) error {
	return grants.update(ctx, r, id, false, change)
}

// DeleteGrant removes the grant with that ID, and no update that began before
// brings it back. That there is none is no error.
func (r *Records) DeleteGrant(ctx context.Context, id string) error { return grants.remove(ctx, r, id) }

// DeleteExpired removes at most limit challenges and as many grants that are to be
// forgotten by now, and returns how many it removed.
func (r *Records) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := r.backend.DeleteDue(ctx, store.Challenges, now, limit)
	if err != nil {
		return n, err
	}
	m, err := r.backend.DeleteDue(ctx, store.Grants, now, limit)
	return n + m, err
}
