package csrf

import (
	"net/http"

	"filippo.io/csrf"
)

// Filippo checks, by filippo.io/csrf, where requests come from. Forms need no field.
func Filippo(app http.Handler) http.Handler { return csrf.New().Handler(app) }
