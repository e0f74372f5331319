// Package docs compiles the code blocks of README.md and docs that stand in no program
// and no Example: each page has a file here. Its tests hold the pages to the code, and
// write docs/reference.
package docs

import (
	"context"
	"net/http"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate/middleware"
)

// What the blocks take from the application.
var (
	sessions     *scs.SessionManager
	gate         *middleware.Gate
	authenticate func(http.Handler) http.Handler
	router       func() chi.Router
	users        interface {
		Find(ctx context.Context, id string) (struct{ Email, Language string }, error)
	}
	mail interface {
		Send(ctx context.Context, to, subject, text string) error
	}
)
