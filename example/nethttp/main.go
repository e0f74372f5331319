// A complete application: a login by password, scs sessions, and a second factor.
package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

var sessions = scs.New()

func main() {
	sessions.Cookie.Secure = true
	key, err := hex.DecodeString(os.Getenv("EAGATE_KEY"))
	if err != nil {
		log.Fatal("EAGATE_KEY: ", err)
	}
	addr := cmp.Or(os.Getenv("ADDR"), "localhost:8080")
	gate, err := middleware.New(
		middleware.WithSessions(sessions),
		middleware.WithService(client.New(os.Getenv("EAUTH_CLIENT_ID"), os.Getenv("EAUTH_API_KEY"),
			client.WithBaseURL(cmp.Or(os.Getenv("EAUTH_API_URL"), client.DefaultBaseURL)))),
		middleware.WithStore(store.NewMemory()), // loses everything when the program ends
		middleware.WithUser(currentUser),
		middleware.WithIssuer("Acme"), // your application's name
		middleware.WithKey(key),
		middleware.WithOrigin(cmp.Or(os.Getenv("ORIGIN"), "http://"+addr)),
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
	app := http.NewCrossOriginProtection().Handler(sessions.LoadAndSave(gate.Handler(mux)))

	l, err := net.Listen("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening:", l.Addr())
	fmt.Println("callback:", callback) // a secret: print it on your own machine only
	log.Fatal(http.Serve(l, app))
}

// currentUser returns the user who is logged in, or the zero User. Yours looks into your
// database, and returns its errors.
func currentUser(r *http.Request) (middleware.User, error) {
	if sessions.GetString(r.Context(), "user") != "1" {
		return middleware.User{}, nil
	}
	return middleware.User{ID: "1", Email: "alice@example.com"}, nil
}

// checkPassword returns a user's ID, which never changes, or "". Yours compares hashes.
func checkPassword(email, password string) (id string) {
	if strings.EqualFold(email, "alice@example.com") && password == "correct horse battery staple" {
		return "1"
	}
	return ""
}

func loginForm(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, `<!doctype html><title>Sign in</title><form method="post">
<input name="email" type="email"><input name="password" type="password"><button>Sign in</button></form>`)
}

func login(w http.ResponseWriter, r *http.Request) {
	id := checkPassword(r.PostFormValue("email"), r.PostFormValue("password"))
	if id == "" {
		http.Error(w, "wrong e-mail address or password", http.StatusUnauthorized)
		return
	}
	if err := sessions.RenewToken(r.Context()); err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	sessions.Put(r.Context(), "user", id) // not the address as it was typed
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func home(w http.ResponseWriter, r *http.Request) {
	user, err := currentUser(r)
	if err != nil || user.ID == "" {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	fmt.Fprintf(w, "Only %s reads this. The second factor is switched on at /2fa/.\n", user.Email)
}
