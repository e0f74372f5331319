package app

import (
	"encoding/json"
	"net/http"
	"strings"
)

// keyNext is where the session keeps the page to go to after the login.
const keyNext = "next"

// afterLogin is that page if none was asked for.
const afterLogin = "/account"

func (a *App) loginForm(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "login", page{Title: "Sign in"})
}

func (a *App) login(w http.ResponseWriter, r *http.Request) {
	email, password, ok := credentials(w, r)
	if !ok {
		a.show(w, r, http.StatusBadRequest, "login", page{Title: "Sign in", Error: "The request makes no sense."})
		return
	}
	u, ok := authenticate(email, password)
	if !ok {
		a.show(w, r, http.StatusUnauthorized, "login", page{
			Title: "Sign in", Email: email, Error: "That e-mail address and password don’t go together. Please try again.",
		})
		return
	}
	// A session ID that somebody planted before the login must not live on.
	if err := a.sessions.RenewToken(r.Context()); err != nil {
		a.unavailable(w, r)
		return
	}
	a.sessions.Put(r.Context(), keyUser, u.ID)
	next := a.sessions.PopString(r.Context(), keyNext)
	if next == "" {
		next = afterLogin
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// credentials reads a form or a JSON object.
func credentials(w http.ResponseWriter, r *http.Request) (email, password string, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var body struct{ Email, Password string }
		err := json.NewDecoder(r.Body).Decode(&body)
		return body.Email, body.Password, err == nil
	}
	err := r.ParseForm()
	return r.PostForm.Get("email"), r.PostForm.Get("password"), err == nil
}

func (a *App) logout(w http.ResponseWriter, r *http.Request) {
	if err := a.sessions.Destroy(r.Context()); err != nil {
		a.unavailable(w, r)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
