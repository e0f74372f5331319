package middleware

import (
	"context"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/eagate/eagate"
)

// A Verification tells how and when a session was verified.
type Verification struct {
	UserID string
	Method eagate.Method
	At     time.Time
	Until  time.Time // when it ends with the session, at the latest
}

// VerificationFrom returns how the session of a request was verified, given the
// request's context. ok is false if it wasn't, because the user has no second
// factor, or if the store can't say. On a route that isn't guarded, nobody has
// checked that the session is still the same user's: compare UserID. It costs
// nothing on requests that don't ask.
//
// Where several gates share a session manager, it is what one of them has verified:
// there, ask [Gate.VerificationFrom].
func VerificationFrom(ctx context.Context) (v Verification, ok bool) {
	for _, g := range gates.all() {
		if v, ok := g.VerificationFrom(ctx); ok {
			return v, true
		}
	}
	return Verification{}, false
}

// VerificationFrom is the function of that name, of what this gate has verified.
func (g *Gate) VerificationFrom(ctx context.Context) (v Verification, ok bool) {
	grant, ok := g.sessions.Verification(ctx)
	if !ok {
		return Verification{}, false
	}
	return Verification{UserID: grant.UserID, Method: grant.Method, At: grant.VerifiedAt, Until: g.sessions.Until(ctx)}, true
}

// gates are the gates of this process, so that VerificationFrom finds the one
// that a context belongs to by its session. Putting the answer into each
// request's context instead would cost every request a copy of itself.
var gates registry

type registry struct {
	mu   sync.RWMutex
	list []weak.Pointer[Gate]
}

func register(g *Gate) {
	gates.mu.Lock()
	defer gates.mu.Unlock()
	gates.list = slices.DeleteFunc(gates.list, func(p weak.Pointer[Gate]) bool { return p.Value() == nil })
	gates.list = append(gates.list, weak.Make(g))
}

// all returns the gates that are still in use, the newest first.
func (r *registry) all() []*Gate {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []*Gate
	for _, p := range slices.Backward(r.list) {
		if g := p.Value(); g != nil {
			list = append(list, g)
		}
	}
	return list
}
