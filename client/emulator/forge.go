package emulator

// A Return is the result that the hosted page passes to the application's page: in the
// query of a redirect, or in the message of a popup.
type Return struct {
	Token string // session_token; empty for none
	Error string // empty for none
	State string // of a popup
}

// Forge makes the hosted page return at once, whatever the phone does, with a success
// that f has changed. [Emulator.Behave] cancels it.
func (e *Emulator) Forge(f func(*Return)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forge = f
}

// forged returns the forged return of a visit, if any.
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
