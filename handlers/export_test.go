package handlers

import (
	"iter"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// For the fuzz tests.
var (
	LocalPath = localPath
	IsLocal   = isLocal
)

// PrefersJSON reports whether the request should be answered with JSON.
func PrefersJSON(r *http.Request) bool { return senderOf(r).json }

// KindOf returns the kind of a request.
func KindOf(r *http.Request) Kind { return senderOf(r).kind }

type Kind = kind

const (
	KindProgram    = kindProgram
	KindNavigation = kindNavigation
	KindForm       = kindForm
	KindFragment   = kindFragment
	KindRestore    = kindRestore
	KindAhead      = kindAhead
	KindUpgrade    = kindUpgrade
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

// NewSender returns a sender of requests of that kind.
func NewSender(kind Kind, crossSite bool) Sender { return Sender{kind: kind, crossSite: crossSite} }
