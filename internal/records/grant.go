package records

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/store"
)

// A Grant is a proof: the session that holds its secret, and for which it was made, is
// verified.
type Grant struct {
	// ID is the SHA-256, in base64url, of the secret that the session holds.
	ID string `json:"-"`

	UserID string `json:"user"`

	// Kind is the kind of record.
	Kind Kind `json:"kind"`

	// Epoch is the account's when the proof was given.
	Epoch uint64 `json:"epoch,omitzero"`

	// Method is that of the proof.
	Method eagate.Method `json:"method,omitzero"`

	// Binding identifies the session before its unlock, whose cookie a late response may
	// set again.
	Binding string `json:"binding,omitzero"`

	// Successor is, for [KindMoved], the ID of the grant with which the session
	// continues.
	Successor string `json:"successor,omitzero"`

	// Left are, for [KindLeft], the IDs of grants, oldest first.
	Left []string `json:"left,omitzero"`

	// Form is, for [KindMoved], the ID of the [Form] that unlocked the session, if any.
	Form string `json:"form,omitzero"`

	// Sealed is sealed under the keys and a browser's secret: for [KindMoved], the secret
	// of the grant with which the session continues; for [KindCodes], recovery codes.
	Sealed []byte `json:"sealed,omitzero"`

	// Device is, for [eagate.TrustedDevice], the ID of the trusted device, with which the
	// grant ends.
	Device string `json:"device,omitzero"`

	VerifiedAt time.Time `json:"verified_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`

	Version uint64 `json:"-"`
	Stale   bool   `json:"-"` // see Account

	Unknown jsontext.Value `json:",embed"`
}

// A Kind is the kind of a [Grant]: a proof; or a record that a session has ended, which
// is kept with the grants because it expires with them; or the list of such records of a
// user; or new recovery codes.
type Kind uint8

const (
	KindProof    Kind = iota // a proof; the zero value
	KindMoved                // the session continues under another ID
	KindEnded                // the session was logged out
	KindRejected             // the session was locked, and its request was rejected on the phone
	KindLeft                 // the list of the user's records of ended sessions and previous grants
	KindCodes                // new recovery codes, which one browser may show for some time
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

// DeleteGrant deletes the grant with that ID; no update that started before restores it.
// It is no error if there is none.
func (r *Records) DeleteGrant(ctx context.Context, id string) error { return grants.remove(ctx, r, id) }

// DeleteExpired deletes at most limit challenges and as many grants that have expired,
// and returns how many it deleted.
func (r *Records) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := r.backend.DeleteDue(ctx, store.Challenges, now, limit)
	if err != nil {
		return n, err
	}
	m, err := r.backend.DeleteDue(ctx, store.Grants, now, limit)
	return n + m, err
}
