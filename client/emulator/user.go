package emulator

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A User is what the service was last told of a user's second factor.
type User struct {
	Email     string
	Enabled   bool
	Secret    string // Base32; after DISABLE only where the service asks for it
	Algorithm string
	Digits    int
	Period    int // seconds
	ChangedAt time.Time
}

// Users returns the users of whom the service was told, by e-mail address.
func (e *Emulator) Users() []User {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.SortedFunc(maps.Values(e.users), func(a, b User) int { return cmp.Compare(a.Email, b.Email) })
}

// Status returns what the service was last told of the user, and whether it
// was told anything.
func (e *Emulator) Status(email string) (User, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	u, ok := e.users[email]
	return u, ok
}

// setUser keeps what the service was told, and reports whether it takes calls.
func (e *Emulator) setUser(u User) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inactive {
		return false
	}
	e.users[u.Email] = u
	return true
}
