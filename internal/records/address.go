package records

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/eagate/eagate/store"
)

// An Address says which account an e-mail address belongs to: the service knows
// addresses only, so that two accounts must not share one.
//
// It is a claim, which is made before the account is changed. The claim counts only
// while the account that it names has the second factor on under that address, and
// set up for requests to the phone.
type Address struct {
	// ID names the address: see [AddressID].
	ID string `json:"-"`

	// UserID is who has claimed the address, or empty if nobody ever did.
	UserID string `json:"user,omitzero"`

	// Since is when the user claimed it.
	Since time.Time `json:"since,omitzero"`

	// Former says that another user had claimed it before: under this address, the
	// service may still know that user's phone.
	Former bool `json:"former,omitzero"`

	Version uint64 `json:"-"`
	Stale   bool   `json:"-"` // see Account

	Unknown jsontext.Value `json:",unknown"`
}

// AddressID returns the ID of an e-mail address: a hash, so that a list of
// documents is no list of addresses. Letter case, blanks around the address, and the
// ways to write the same letter in Unicode (NFKC) make no difference: addresses that
// differ in nothing else are one address everywhere in eagate, and have one ID.
func AddressID(email string) string {
	folded := strings.TrimSpace(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(email))))
	sum := sha256.Sum256([]byte("eagate address\x00" + folded))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

var addresses = kind[Address]{
	name:    store.Addresses,
	of:      func(a *Address) meta { return meta{&a.ID, &a.Version, &a.Stale} },
	due:     func(*Address) time.Time { return time.Time{} },
	awaited: func(_, _ *Address) bool { return false },
}

// Address returns who has claimed an e-mail address. One that nobody ever did has the zero
// Address with only its ID, and no error.
func (r *Records) Address(ctx context.Context, email string) (Address, error) {
	return orZero(addresses.get(ctx, r, AddressID(email)))
}

// UpdateAddress applies change to the record of an e-mail address, under the rules
// of [Records.UpdateAccount].
func (r *Records) UpdateAddress(ctx context.Context, email string, change func(*Address) error) error {
	return addresses.update(ctx, r, AddressID(email), true, change)
}
