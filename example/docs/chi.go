package docs

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

func _(account, transfer http.HandlerFunc) {
	r := chi.NewRouter()
	r.Use(chimiddleware.RequestLogger(middleware.LogFormatter(nil)))
	r.Use(http.NewCrossOriginProtection().Handler, sessions.LoadAndSave, gate.Handler)
	r.Get("/account", account)
	r.With(gate.RequireMethod(eagate.Push), gate.RequireRecent(5*time.Minute)).Post("/transfer", transfer)
}

func _(r chi.Router, account, logout http.HandlerFunc) {
	r.With(sessions.LoadAndSave).Mount("/2fa", gate.Routes())
	r.Group(func(r chi.Router) {
		r.Use(sessions.LoadAndSave, gate.Require, authenticate)
		r.Get("/account", account)
		r.Post("/logout", logout) // so that the gate sees it
	})
}
