package middleware

import (
	"net/http"
	"time"

	"github.com/eagate/eagate"
)

// A Verification says how and when a session was verified.
type Verification struct {
	UserID string
	Method eagate.Method
	At     time.Time
	Until  time.Time // when it ends with the session, at the latest
}

// Verification returns how this gate has verified the session of a request. ok is false
// if it hasn't, because the user has no second factor, or if the store can't say. On a
// route that isn't guarded, the session may be another user's by now: compare UserID. It
// asks nobody who it is, and where the guard has just looked, not the store either.
func (g *Gate) Verification(r *http.Request) (v Verification, ok bool) {
	grant, ok := g.sessions.Verification(r.Context())
	if !ok {
		return Verification{}, false
	}
	return Verification{UserID: grant.UserID, Method: grant.Method, At: grant.VerifiedAt, Until: g.sessions.Until(r.Context())}, true
}
