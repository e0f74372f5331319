package emulator

// A Return is what the hosted page brings back to the application's page: in the
// query of a redirect, or in the message of a popup.
type Return struct {
	Token string // session_token; empty for none
	Error string // empty for none
	State string // of a popup
}

// Forge makes the hosted page come back at once, whatever the phone says or
// doesn't, with what f makes of a success. [Emulator.Behave] takes that back.
func (e *Emulator) Forge(f func(*Return)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forge = f
}

// forged returns what was forged for the visit, if anything.
func (e *Emulator) forged(v visit) (r Return, ok bool) {
	e.mu.Lock()
	f := e.forge
	e.mu.Unlock()
	if f == nil {
		return Return{}, false
	}
	r = Return{Token: v.token, State: v.state}
	f(&r)
	return r, true
}
