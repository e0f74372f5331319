package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/middleware"
)

// A service that is always down, for a test of what an application does then.
type unavailable struct{}

func (unavailable) ClientID() string      { return "test" }
func (unavailable) SecretOnDisable() bool { return false }

func (unavailable) CreateSession(context.Context, string) (string, error) {
	return "", client.ErrUnavailable
}
func (unavailable) SecretNumber(context.Context, string) (string, error) {
	return "", client.ErrUnavailable
}
func (unavailable) SyncStatus(context.Context, client.Status) error { return client.ErrUnavailable }

func ExampleWithService() {
	gate, sessions := newGate(
		middleware.WithService(unavailable{}),
		middleware.WithUser(func(*http.Request) (middleware.User, error) { return users["7"], nil }),
	)
	app := sessions.LoadAndSave(gate.Handler(http.HandlerFunc(welcome)))
	r := httptest.NewRequest("POST", "/2fa/enable", strings.NewReader("{}"))
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	fmt.Println(w.Code) // a phone can be set up all the same
	// Output: 200
}
