package docs

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

func _(r chi.Router, mux *http.ServeMux, account http.HandlerFunc) {
	// chi, in groups
	r.With(sessions.LoadAndSave).Mount("/2fa", gate.Routes())
	r.Group(func(r chi.Router) {
		r.Use(sessions.LoadAndSave, gate.Require, authenticate)
		r.Get("/account", account)
	})

	// net/http, around single routes
	mux.Handle("/2fa/", sessions.LoadAndSave(gate.Routes()))
	mux.Handle("GET /account", sessions.LoadAndSave(gate.Require(authenticate(account))))
}
