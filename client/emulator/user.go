package emulator

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A User is the state of a user's second factor as last reported to the service.
type User struct {
	Email     string
	Enabled   bool
	Secret    string // Base32; after DISABLE only with Config.SecretOnDisable
	Algorithm string
	Digits    int
	Period    int // seconds
	ChangedAt time.Time
}

// Users returns all users that were reported to the service, by e-mail address.
func (e *Emulator) Users() []User {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.SortedFunc(maps.Values(e.users), func(a, b User) int { return cmp.Compare(a.Email, b.Email) })
}

// Status returns the last report about the user, and whether there was one.
func (e *Emulator) Status(email string) (User, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	u, ok := e.users[email]
	return u, ok
}

// setUser records a report, and reports whether the application is active.
func (e *Emulator) setUser(u User) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inactive {
		return false
	}
	e.users[u.Email] = u
	return true
}
