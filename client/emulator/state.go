package emulator

import "slices"

// State is what the service and the phones remember for long. Its secrets are
// plain.
type State struct {
	Accounts []Account // on the phones
	Users    []User    // what the service was told
}

// State returns what the service and the phones remember now.
func (e *Emulator) State() State { return State{Accounts: e.Accounts(), Users: e.Users()} }

func (e *Emulator) begin(s State) {
	e.accounts = slices.Clone(s.Accounts)
	for _, u := range s.Users {
		e.users[u.Email] = u
	}
}

// changed tells of a change. e.mu must be free.
func (e *Emulator) changed() {
	if e.config.Changed == nil {
		return
	}
	e.telling.Lock()
	defer e.telling.Unlock()
	e.config.Changed(e.State())
}
