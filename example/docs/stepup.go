package docs

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate"
)

func _(r chi.Router, mux *http.ServeMux, transfer, keys http.HandlerFunc) {
	// chi: a tap on the phone, no older than five minutes
	r.With(gate.RequireMethod(eagate.Push), gate.RequireRecent(5*time.Minute)).Post("/transfer", transfer)

	// net/http
	mux.Handle("GET /keys", gate.RequireRecent(5*time.Minute)(http.HandlerFunc(keys)))
}
