package docs

import (
	"net/http"
	"time"
)

func _(account, keys, logout http.HandlerFunc) {
	mux := http.NewServeMux()
	mux.Handle("GET /account", account)
	mux.Handle("GET /keys", gate.RequireRecent(5*time.Minute)(keys))
	app := http.NewCrossOriginProtection().Handler(sessions.LoadAndSave(gate.Handler(mux)))

	_ = app
	mux.Handle("/2fa/", sessions.LoadAndSave(gate.Routes()))
	mux.Handle("GET /account", sessions.LoadAndSave(gate.Require(authenticate(account))))
	mux.Handle("POST /logout", sessions.LoadAndSave(gate.Require(logout))) // so that the gate sees it
}
