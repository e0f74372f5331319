package docs

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

func _(r chi.Router, account http.HandlerFunc) {
	r.Use(sessions.LoadAndSave)
	r.Mount("/2fa", gate.Routes())
	r.Group(func(r chi.Router) {
		r.Use(gate.Require)
		r.Get("/account", account)
	})
}
