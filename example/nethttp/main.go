// A complete application on net/http: a password login with scs sessions, and a
// second factor.
package main

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

var sessions = scs.New()

func main() {
	sessions.Cookie.Secure = true
	key, err := hex.DecodeString(os.Getenv("EAGATE_KEY")) // of: openssl rand -hex 32
	if err != nil {
		log.Fatal("EAGATE_KEY: ", err)
	}
	gate, err := middleware.New(
		middleware.WithSessions(sessions),
		middleware.WithService(client.New(os.Getenv("EAUTH_CLIENT_ID"), os.Getenv("EAUTH_API_KEY"),
			client.WithBaseURL(cmp.Or(os.Getenv("EAUTH_API_URL"), client.DefaultBaseURL)))),
		middleware.WithStore(store.NewMemory()), // loses everything when the program ends
		middleware.WithUser(currentUser),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(key),
		middleware.WithOrigin(cmp.Or(os.Getenv("ORIGIN"), "http://localhost:8080")),
		middleware.WithLoginPath("/login"),
	)
	if err != nil {
		log.Fatal(err) // every fault of the options at once
	}
	callback, err := gate.CallbackURL()
	if err != nil {
		log.Fatal(err)
	}
	go gate.Run(context.Background())

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	mux.HandleFunc("GET /login", loginForm)
	mux.HandleFunc("POST /login", login)

	l, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDR"), "localhost:8080"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening:", l.Addr())
	fmt.Println("callback:", callback) // register it in the Console
	log.Fatal(http.Serve(l, http.NewCrossOriginProtection().Handler(sessions.LoadAndSave(gate.Handler(mux)))))
}

type user struct{ id, email, password string }

// Yours are in a database, with password hashes such as Argon2id. The second factor
// belongs to the ID, which never changes; the address may change.
var users = []user{{"1", "alice@example.com", "correct horse battery staple"}}

// find returns the user for whom is returns true, or the zero user.
func find(is func(user) bool) user {
	if i := slices.IndexFunc(users, is); i >= 0 {
		return users[i]
	}
	return user{}
}

// currentUser returns the user who is logged in, or the zero User. Yours also returns
// the errors of your database.
func currentUser(r *http.Request) (middleware.User, error) {
	id := sessions.GetString(r.Context(), "user")
	u := find(func(u user) bool { return u.id == id })
	return middleware.User{ID: u.id, Email: u.email}, nil
}

func home(w http.ResponseWriter, r *http.Request) {
	user, err := currentUser(r)
	if err != nil || user.ID == "" {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	fmt.Fprintf(w, "Only %s reads this. The second factor is switched on at /2fa/.\n", user.Email)
}

func loginForm(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, `<!doctype html><title>Sign in</title><form method="post">
<input name="email" type="email"><input name="password" type="password"><button>Sign in</button></form>`)
}

func login(w http.ResponseWriter, r *http.Request) {
	email, password := r.PostFormValue("email"), r.PostFormValue("password")
	u := find(func(u user) bool { return strings.EqualFold(u.email, email) })
	if u.id == "" || subtle.ConstantTimeCompare([]byte(password), []byte(u.password)) != 1 {
		http.Error(w, "wrong e-mail address or password", http.StatusUnauthorized)
		return
	}
	if err := sessions.RenewToken(r.Context()); err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	sessions.Put(r.Context(), "user", u.id) // not the address as it was typed
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
