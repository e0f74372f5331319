package csrf

import "net/http"

// CrossOrigin is the same by net/http. Forms need no field.
func CrossOrigin(app http.Handler) http.Handler { return http.NewCrossOriginProtection().Handler(app) }
