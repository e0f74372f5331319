package emulator

import "slices"

// A State is the persistent state of the service and the phones. Its secrets are not
// encrypted.
type State struct {
	Accounts []Account // on the phones
	Users    []User    // as reported to the service
}

// State returns the current state.
func (e *Emulator) State() State { return State{Accounts: e.Accounts(), Users: e.Users()} }

func (e *Emulator) begin(s State) {
	e.accounts = slices.Clone(s.Accounts)
	for _, u := range s.Users {
		e.users[u.Email] = u
	}
}

// changed calls Config.Changed. e.mu must not be held.
func (e *Emulator) changed() {
	if e.config.Changed == nil {
		return
	}
	e.changing.Lock()
	defer e.changing.Unlock()
	e.config.Changed(e.State())
}
