package apptest

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/eagate/eagate/middleware"
)

// KeyUser is where the session keeps the ID of who is logged in.
const KeyUser = "user"

const idOf = "id of "

// UserID is the ID of the user with that address, in whatever spelling it was typed.
func UserID(email string) string { return idOf + strings.ToLower(strings.TrimSpace(email)) }

// Users stands for the database of users. It has everybody who ever logged in.
type Users struct {
	fault  atomic.Pointer[error]
	emails sync.Map // by ID, as they were first typed
}

// Fail makes it fail with that error from now on; nil heals.
func (u *Users) Fail(err error) { u.fault.Store(&err) }

// find returns the ID of the user with that address.
func (u *Users) find(email string) string {
	id := UserID(email)
	u.emails.LoadOrStore(id, email)
	return id
}

func (u *Users) email(id string) string {
	if email, ok := u.emails.Load(id); ok {
		return email.(string)
	}
	return strings.TrimPrefix(id, idOf)
}

// CurrentUser returns who is logged in, as [middleware.WithUser] wants it.
func (a *App) CurrentUser(r *http.Request) (middleware.User, error) {
	id := a.Sessions.GetString(r.Context(), KeyUser)
	if fault := a.Users.fault.Load(); fault != nil && *fault != nil && id != "" {
		return middleware.User{}, *fault
	}
	return middleware.User{ID: id, Email: a.Users.email(id)}, nil
}

// SignedIn is the address of who is logged in, or "".
func (a *App) SignedIn(r *http.Request) string {
	return a.Users.email(a.Sessions.GetString(r.Context(), KeyUser))
}
