// Package record takes the store's records apart into named fields, for stores
// that keep each field in a place of its own: a column, or a field of a hash.
//
// That way a store of an older release leaves alone what a newer one has added,
// while an upgrade goes from node to node; and an operator finds each value
// under a name. The names are kept for ever: data is stored under them.
package record

import "github.com/eagate/eagate/store"

// A Field is one value of a record.
type Field struct {
	Name string

	// Value points to it, within the record: *string, *[]byte, *uint8, *int,
	// *int64, *uint64, *time.Time or *time.Duration (of whole seconds); anything
	// else is to be kept as JSON, and nil as nothing.
	Value any
}

// Account returns the fields of an account but for UserID and Version.
func Account(a *store.Account) []Field {
	return []Field{
		{"email", &a.Email},
		{"state", (*uint8)(&a.State)},
		{"epoch", &a.Epoch},
		{"secret", &a.Factor.Secret},
		{"algorithm", &a.Factor.Algorithm},
		{"digits", &a.Factor.Digits},
		{"period", &a.Factor.Period},
		{"staged", &a.Staged},
		{"enabled_at", &a.EnabledAt},
		{"last_step", &a.LastStep},
		{"failures", &a.Failures},
		{"locked_until", &a.LockedUntil},
		{"push_live", &a.Push.Live},
		{"push_reserved", &a.Push.Reserved},
		{"push_reserved_until", &a.Push.ReservedUntil},
		{"push_sent", &a.Push.Sent},
		{"push_paused_until", &a.Push.PausedUntil},
		{"sync_wanted", &a.Sync.Wanted},
		{"sync_confirmed", &a.Sync.Confirmed},
		{"sync_since", &a.Sync.Since},
		{"sync_claimed_until", &a.Sync.ClaimedUntil},
		{"sync_next_at", &a.Sync.NextAt},
		{"sync_attempts", &a.Sync.Attempts},
		{"sync_last_err", &a.Sync.LastErr},
		{"sync_retired", &a.Sync.Retired},
		{"sync_addresses", &a.Sync.Addresses},
		{"recovery", &a.Recovery},
		{"devices", &a.Devices},
		{"required_since", &a.RequiredSince},
		{"held_since", &a.HeldSince},
		{"released_at", &a.ReleasedAt},
	}
}

// Challenge returns the fields of a challenge but for ID and Version.
func Challenge(c *store.Challenge) []Field {
	return []Field{
		{"user_id", &c.UserID},
		{"binding", &c.Binding},
		{"epoch", &c.Epoch},
		{"state", (*uint8)(&c.State)},
		{"mode", (*uint8)(&c.Mode)},
		{"number", &c.Number},
		{"created_at", &c.CreatedAt},
		{"decided_at", &c.DecidedAt},
		{"expires_at", &c.ExpiresAt},
		{"forget_at", &c.ForgetAt},
		{"grant_id", &c.GrantID},
	}
}

// Grant returns the fields of a grant but for ID and Version.
func Grant(g *store.Grant) []Field {
	return []Field{
		{"user_id", &g.UserID},
		{"kind", (*uint8)(&g.Kind)},
		{"epoch", &g.Epoch},
		{"method", (*uint8)(&g.Method)},
		{"binding", &g.Binding},
		{"successor", &g.Successor},
		{"device", &g.Device},
		{"verified_at", &g.VerifiedAt},
		{"expires_at", &g.ExpiresAt},
	}
}
