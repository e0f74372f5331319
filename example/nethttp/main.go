// A complete application on net/http: a password login in scs sessions, and the
// second factor behind it.
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
		middleware.WithStore(store.NewMemory()), // which forgets all when the program ends
		middleware.WithUser(currentUser),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(key),
		middleware.WithLoginPath("/login"),
	)
	if err != nil {
		log.Fatal(err) // every fault of the options at once
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
	fmt.Println("callback:", gate.CallbackURL(cmp.Or(os.Getenv("ORIGIN"), "http://localhost:8080"))) // register it in the Console
	log.Fatal(http.Serve(l, http.NewCrossOriginProtection().Handler(sessions.LoadAndSave(gate.Handler(mux)))))
}

func currentUser(r *http.Request) (middleware.User, bool) {
	email := sessions.GetString(r.Context(), "email")
	return middleware.User{ID: email, Email: email}, email != ""
}

func home(w http.ResponseWriter, r *http.Request) {
	user, ok := currentUser(r)
	if !ok {
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
	// Yours looks the user up, and compares a slow hash such as Argon2id.
	if email != "alice@example.com" || subtle.ConstantTimeCompare([]byte(password), []byte("correct horse battery staple")) != 1 {
		http.Error(w, "wrong e-mail address or password", http.StatusUnauthorized)
		return
	}
	if err := sessions.RenewToken(r.Context()); err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	sessions.Put(r.Context(), "email", email)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
