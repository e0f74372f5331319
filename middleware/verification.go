package middleware

import (
	"net/http"
	"time"

	"github.com/eagate/eagate"
)

// A Verification is how and when a session was verified.
type Verification struct {
	UserID string
	Method eagate.Method
	At     time.Time
	Until  time.Time // when the session ends at the latest, and the verification with it
}

// Verification returns how this gate has verified the session of a request. ok is false
// if it hasn't, because the user has no second factor, say, or if the store returns an
// error. It doesn't call the function of [WithUser]: on a route that isn't guarded,
// compare UserID with the user who is logged in. It reads the store only if the guard
// hasn't just done so.
func (g *Gate) Verification(r *http.Request) (v Verification, ok bool) {
	grant, ok := g.sessions.Verification(r.Context())
	if !ok {
		return Verification{}, false
	}
	return Verification{UserID: grant.UserID, Method: grant.Method, At: grant.VerifiedAt, Until: g.sessions.Until(r.Context())}, true
}
