package app

import (
	"maps"
	"slices"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/middleware/routetest"
	"github.com/eagate/eagate/store"
)

func TestAllRoutesAreGuarded(t *testing.T) {
	a, err := New(Config{Sessions: scs.New(), Gate: []middleware.Option{
		middleware.WithService(client.New("test", "test")),
		middleware.WithStore(store.NewMemory()),
		middleware.WithKey(apptest.Key),
		middleware.WithInsecureCookie(),
	}})
	expect.NoError(t, err)
	patterns := slices.Collect(maps.Keys(a.routes()))
	expect.NoError(t, routetest.CheckPatterns(a, patterns,
		"GET /{$}", "GET /login", "POST /login", "POST /logout", "GET /healthz", "GET /style.css", "GET /favicon.ico",
		"GET /spa", "GET /spa.js"))
}
