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

// An Address says which account an e-mail address belongs to: the service identifies
// users by address, so two accounts must not share one.
//
// It is a claim, made before the account is changed. The claim is valid only while its
// account has the second factor on under that address, set up for requests to the phone.
type Address struct {
	// ID identifies the address: see [AddressID].
	ID string `json:"-"`

	// UserID is the user who has claimed the address, or empty.
	UserID string `json:"user,omitzero"`

	// Since is when the user claimed it.
	Since time.Time `json:"since,omitzero"`

	// HadOther says that another user has claimed the address before: the service may
	// still know that user's phone under it.
	HadOther bool `json:"had_other,omitzero"`

	Version uint64 `json:"-"`
	Stale   bool   `json:"-"` // see Account

	Unknown jsontext.Value `json:",embed"`
}

// AddressID returns the ID of an e-mail address: a hash, so that document IDs contain no
// addresses. Addresses that differ only in letter case, surrounding blanks, or Unicode
// form (NFKC) are the same everywhere in eagate, and have the same ID.
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

// Address returns the claim of an e-mail address. If there is none, it returns an Address
// with only the ID, and no error.
func (r *Records) Address(ctx context.Context, email string) (Address, error) {
	return orZero(addresses.get(ctx, r, AddressID(email)))
}

// UpdateAddress applies change to the record of an e-mail address, under the rules
// of [Records.UpdateAccount].
func (r *Records) UpdateAddress(ctx context.Context, email string, change func(*Address) error) error {
	return addresses.update(ctx, r, AddressID(email), true, change)
}
