package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
)

func ExampleNew() {
	c := client.New("7e0c4f7e-35a5-4b56-8a52-2d3d4ce1a0c9", "the API key",
		client.WithBaseURL("http://authen.example.com"),
		client.WithTimeout(-time.Second),
	)
	fmt.Println(c.Check())
	// Output:
	// client: the API key must be 1 to 1024 visible ASCII characters
	// client: the base URL must be https: http is for loopback hosts only
	// client: time limit -1s is not positive
}

func ExampleClient_CreateSession() {
	service := emulator.Start(emulator.Config{})
	defer service.Close()
	c := service.Client() // client.New(clientID, apiKey)

	token, err := c.CreateSession(context.Background(), "alice@example.com")
	fmt.Println(token != "", err)
	// Output: true <nil>
}

func ExampleClient_SecretNumber() {
	service := emulator.Start(emulator.Config{})
	defer service.Close()
	c := service.Client() // client.New(clientID, apiKey)

	ctx := context.Background()
	token, err := c.CreateSession(ctx, "alice@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	number, err := c.SecretNumber(ctx, token)
	fmt.Println(len(number), err)
	// Output: 2 <nil>
}

func ExampleClient_SyncStatus() {
	service := emulator.Start(emulator.Config{})
	defer service.Close()
	c := service.Client() // client.New(clientID, apiKey)

	err := c.SyncStatus(context.Background(), client.Status{
		Email:     "alice@example.com",
		Enabled:   true,
		Secret:    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
		Algorithm: "SHA1",
		Digits:    6,
		Period:    30 * time.Second,
	})
	user, _ := service.Status("alice@example.com")
	fmt.Println(user.Enabled, err)
	// Output: true <nil>
}

func ExampleClient_RedirectURL() {
	c := client.New("7e0c4f7e-35a5-4b56-8a52-2d3d4ce1a0c9", "the-API-key")
	u, err := c.RedirectURL("eyJ…the-session-token", "https://app.example/2fa/return")
	fmt.Printf("%q %v\n", u, err)

	u, err = c.RedirectURL("the-session-token", "https://app.example/2fa/return")
	fmt.Println(u, err)
	// Output:
	// "" client: RedirectURL: invalid call: session token is not 1 to 4096 visible ASCII characters
	// https://identifier.ekyc.com/start-authentication?redirect_uri=https%3A%2F%2Fapp.example%2F2fa%2Freturn&session_token=the-session-token&signin_method=redirect <nil>
}

func ExampleClient_PopupURL() {
	c := client.New("7e0c4f7e-35a5-4b56-8a52-2d3d4ce1a0c9", "the-API-key")
	u, err := c.PopupURL("the-session-token", "https://app.example", "af0ifjsldkj")
	fmt.Println(u, err)
	// Output:
	// https://identifier.ekyc.com/start-authentication?redirect_uri=https%3A%2F%2Fapp.example&session_token=the-session-token&signin_method=popup&state=af0ifjsldkj <nil>
}

// What to do about an error is told by errors.Is; what to write into a log, by
// the error itself.
func ExampleError() {
	service := emulator.Start(emulator.Config{})
	defer service.Close()
	service.SetPush("alice@example.com", false)
	c := service.Client() // client.New(clientID, apiKey)

	_, err := c.CreateSession(context.Background(), "alice@example.com")
	switch {
	case errors.Is(err, client.ErrInactive), errors.Is(err, client.ErrUnavailable):
		fmt.Println("Type the code that the app shows.")
	}
	fmt.Println(err)
	var e *client.Error
	if errors.As(err, &e) {
		fmt.Println(e.Op, e.Kind, e.Status, e.Code)
	}
	// Output:
	// Type the code that the app shows.
	// client: CreateSession: inactive: INACTIVE "The user has not granted push notifications" (HTTP 403); either the application is switched off in the Console, or this user's phone has not allowed push notifications
	// CreateSession inactive 403 INACTIVE
}

// After two failures in a row, the service is left alone for a minute.
func ExampleWithCircuit() {
	service := emulator.Start(emulator.Config{})
	defer service.Close()
	service.Misbehave(emulator.CreateSession, emulator.StatusFault(503), 0)
	c := client.New(service.ClientID(), service.APIKey(), append(emulator.ClientOptions(service.URL),
		client.WithAttempts(1), client.WithCircuit(2, time.Minute))...)

	for range 3 {
		_, err := c.CreateSession(context.Background(), "alice@example.com")
		fmt.Println(errors.Is(err, client.ErrCircuitOpen))
	}
	// Output:
	// false
	// false
	// true
}

func ExampleWithSecretOnDisable() {
	c := client.New("7e0c4f7e-35a5-4b56-8a52-2d3d4ce1a0c9", "the API key for tests", client.WithSecretOnDisable())
	fmt.Println(c.SecretOnDisable())
	// Output: true
}

func ExampleClient_OnCircuit() {
	service := emulator.Start(emulator.Config{})
	defer service.Close()
	c := service.Client(client.WithAttempts(1), client.WithCircuit(1, time.Minute)) // client.New(clientID, apiKey, …)
	c.OnCircuit(func(change client.CircuitChange) {
		fmt.Println(change.Calls, "calls are made:", !change.Open)
	})

	service.Misbehave(emulator.CreateSession, emulator.StatusFault(503), 1)
	_, err := c.CreateSession(context.Background(), "alice@example.com")
	fmt.Println(errors.Is(err, client.ErrUnavailable))
	// Output:
	// sign-in calls are made: false
	// true
}

// Addresses and fields that differ from the service's guide are set by options. A field
// of Paths that is left empty keeps its default.
func ExampleWithPaths() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"code":"SUCCESS","data":{"match_number":"42"}}`)
	}))
	defer service.Close()
	c := client.New("7e0c4f7e-35a5-4b56-8a52-2d3d4ce1a0c9", "the-API-key",
		client.WithBaseURL(service.URL+"/v2"),
		client.WithPaths(client.Paths{SecretNumber: client.Endpoint{Path: "/number"}}),
		client.WithNumberFields("match_number"),
		client.WithWebviewURL("https://sign-in.example.com/start"),
	)
	fmt.Println(c.SecretNumber(context.Background(), "the-session-token"))
	fmt.Println(c.WebviewOrigin())
	// Output:
	// GET /v2/number
	// 42 <nil>
	// https://sign-in.example.com
}

// Status reports are repeated. Creating a session isn't once the service has been
// reached: it would ring the phone twice.
func ExampleWithAttempts() {
	service := emulator.Start(emulator.Config{})
	defer service.Close()
	service.Misbehave(emulator.AnyOp, emulator.StatusFault(503), 0)
	c := service.Client(client.WithAttempts(2)) // client.New(clientID, apiKey, …)

	_, _ = c.CreateSession(context.Background(), "alice@example.com")
	_ = c.SyncStatus(context.Background(), client.Status{Email: "alice@example.com"})
	fmt.Println(len(service.Calls(emulator.CreateSession)), len(service.Calls(emulator.SyncStatus)))
	// Output: 1 2
}

// The client uses the Transport alone: it follows no redirect, even if h would.
func ExampleWithHTTPClient() {
	service := emulator.Start(emulator.Config{})
	defer service.Close()
	service.Misbehave(emulator.CreateSession, emulator.RedirectFault("https://elsewhere.example"), 0)
	proxy := &http.Transport{Proxy: http.ProxyFromEnvironment} // which isn't the default
	c := service.Client(client.WithHTTPClient(&http.Client{Transport: proxy}))

	_, err := c.CreateSession(context.Background(), "alice@example.com")
	fmt.Println(errors.Is(err, client.ErrUnavailable), len(service.Calls()))
	// Output: true 1
}
