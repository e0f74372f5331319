package app

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

// Password is every user's.
const Password = "correct horse battery staple"

type user struct {
	ID    string // never changes, unlike the e-mail address
	Name  string
	Email string

	Must     bool // have a second factor
	Operator bool
}

var users = []user{
	{"1", "Alice", "alice@example.com", false, false},
	{"2", "Bob", "bob@example.com", false, false},
	{"3", "Carol", "carol@example.com", false, true},
	{"4", "Dave", "dave@example.com", true, false},
}

func known(id string) bool {
	return slices.ContainsFunc(users, func(u user) bool { return u.ID == id })
}

// passwordHash stands for what a real application keeps of each user: a slow
// hash with a salt of its own, such as Argon2id's.
var passwordHash = sha256.Sum256([]byte(Password))

// authenticate returns the user with that e-mail address and password. It takes
// as long for an address that nobody has.
func authenticate(email, password string) (user, bool) {
	hash := sha256.Sum256([]byte(password))
	right := subtle.ConstantTimeCompare(hash[:], passwordHash[:]) == 1
	for _, u := range users {
		if strings.EqualFold(u.Email, strings.TrimSpace(email)) {
			return u, right
		}
	}
	return user{}, false
}

// keyUser is where the session keeps the ID of who is logged in.
const keyUser = "user"

// currentUser returns who is logged in by password.
func (a *App) currentUser(r *http.Request) (user, bool) {
	id := a.sessions.GetString(r.Context(), keyUser)
	for _, u := range users {
		if u.ID == id {
			return u, true
		}
	}
	return user{}, false
}

// gateUser is what the gate needs to know of the current user: an ID that isn't the
// address, and doesn't change with it.
func (a *App) gateUser(r *http.Request) (middleware.User, error) {
	u, _ := a.currentUser(r)
	return middleware.User{ID: u.ID, Email: u.Email}, nil // an array never fails
}

// requirement tells the gate who must have a second factor.
func requirement(of middleware.User) eagate.Requirement {
	for _, u := range users {
		if u.ID == of.ID && u.Must {
			return eagate.Require(0)
		}
	}
	return eagate.Optional()
}
