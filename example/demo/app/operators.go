package app

import (
	"context"
	"net/http"

	"github.com/eagate/eagate/middleware"
)

// operated guards what only operators do, who must have given their second factor
// a moment ago.
func (a *App) operated(next http.HandlerFunc) http.Handler {
	return a.Gate.RequireRecent(confirmedFor)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, _ := a.currentUser(r); !u.Operator {
			a.show(w, r, http.StatusForbidden, "error", page{Title: "For operators only", Error: "Sign in as carol@example.com to see this."})
			return
		}
		next(w, r)
	}))
}

// operators shows how the second factors of all users stand.
func (a *App) operators(w http.ResponseWriter, r *http.Request) {
	a.showAccounts(w, r, http.StatusOK, "")
}

// operate does to one of them what an operator wants, for the reason given.
func (a *App) operate(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	id, reason, admin := r.PostFormValue("user"), r.PostFormValue("reason"), a.Gate.Admin()
	do, ok := map[string]func(context.Context, string, string) error{
		"unlock": admin.Unlock, "revoke": admin.Revoke, "reset": admin.Reset,
	}[r.PostFormValue("do")]
	if !ok || !known(id) {
		a.showAccounts(w, r, http.StatusBadRequest, "The request makes no sense.")
		return
	}
	if err := do(r.Context(), id, reason); err != nil {
		a.showAccounts(w, r, http.StatusUnprocessableEntity, "That wasn’t done: "+err.Error())
		return
	}
	http.Redirect(w, r, "/operators", http.StatusSeeOther)
}

func (a *App) showAccounts(w http.ResponseWriter, r *http.Request, status int, fault string) {
	p := page{Title: "Second factors", Error: fault}
	for s, err := range a.Gate.Admin().List(r.Context(), middleware.ListFilter{}) {
		if err != nil {
			a.unavailable(w, r)
			return
		}
		p.Accounts = append(p.Accounts, s)
	}
	a.show(w, r, status, "operators", p)
}
