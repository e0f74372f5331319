package handlers

import (
	"iter"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// For the fuzz tests.
var (
	LocalPath   = localPath
	IsLocal     = isLocal
	PrefersJSON = prefersJSON
)

// For the table of kinds.
var KindOf = kindOf

type Kind = kind

const (
	KindProgram    = kindProgram
	KindNavigation = kindNavigation
	KindForm       = kindForm
	KindFragment   = kindFragment
	KindRestore    = kindRestore
	KindAhead      = kindAhead
)

// FormPath returns the page that a form was on.
func FormPath(r *http.Request, otherwise string) string { return localPage(r, r.Referer(), otherwise) }

// Routes returns the router's routes, such as "POST /challenge".
func (h *Handlers) Routes() iter.Seq[string] {
	return func(yield func(string) bool) {
		_ = chi.Walk(h.router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
			yield(method + " " + route)
			return nil
		})
	}
}
