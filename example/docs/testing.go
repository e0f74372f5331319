package docs

import (
	"testing"

	"github.com/eagate/eagate/middleware/routetest"
)

func TestAllRoutesAreGuarded(t *testing.T) {
	// router is yours: it returns the router before it is served.
	if err := routetest.Check(router(), "GET /login", "POST /login", "POST /logout", "GET /static/*"); err != nil {
		t.Error(err) // routetest: route "GET /export": no gate before it (asked for "/export"): put it behind …
	}
}
