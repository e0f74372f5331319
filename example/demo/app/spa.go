package app

import (
	"encoding/json"
	"net/http"
	"strings"
)

// spaPolicy is the policy of the page with a script: that one and the gate's come from
// here, and so does what they ask for.
const spaPolicy = pagePolicy + "; script-src 'self'; connect-src 'self'"

// spa is a page that needs no second factor itself: what its script asks for does.
func (a *App) spa(w http.ResponseWriter, r *http.Request) {
	if _, ok := a.currentUser(r); !ok {
		a.sessions.Put(r.Context(), keyNext, r.URL.RequestURI())
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	a.show(w, r, http.StatusOK, "spa", page{Title: "Your account, by script"})
}

// signedIn guards the API: the gate lets requests pass of sessions that nobody is logged
// in to.
func (a *App) signedIn(next func(http.ResponseWriter, *http.Request, user)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if u, ok := a.currentUser(r); ok {
			next(w, r, u)
			return
		}
		sendJSON(w, http.StatusUnauthorized, map[string]string{"error": "Sign in first."})
	}
}

func (a *App) apiAccount(w http.ResponseWriter, _ *http.Request, u user) {
	sendJSON(w, http.StatusOK, map[string]any{"name": u.Name, "balance": 1234})
}

func (a *App) apiMessages(w http.ResponseWriter, _ *http.Request, u user) {
	sendJSON(w, http.StatusOK, map[string]any{"messages": []string{"Welcome to Acme, " + u.Name + "."}})
}

// apiTransfer sends as little as transfer does.
func (a *App) apiTransfer(w http.ResponseWriter, r *http.Request) {
	var order struct {
		To     string `json:"to"`
		Amount int    `json:"amount"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&order)
	if err != nil || order.Amount < 1 || order.Amount > mostAmount || strings.TrimSpace(order.To) == "" {
		sendJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "Please say to whom, and a whole amount from 1 to 10000."})
		return
	}
	sendJSON(w, http.StatusOK, order)
}

func sendJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
