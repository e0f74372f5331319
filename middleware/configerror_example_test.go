package middleware_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/middleware"
)

// A program can tell one fault from another, such as of an option that it takes from its
// own configuration.
func ExampleConfigErrors() {
	_, err := middleware.New(
		middleware.WithIssuer("Acme"),
		middleware.WithKey(key),
		middleware.WithTokenLifetime(time.Hour),
	)
	for fault := range middleware.ConfigErrors(err) {
		fmt.Printf("%s, given %v: %s\n", fault.Option, fault.Value, fault.Reason)
	}
	// Output:
	// WithSessions, given <nil>: no session manager
	// WithService, given <nil>: no service
	// WithStore, given <nil>: no store
	// WithUser, given <nil>: no function that says who is logged in
	// WithTokenLifetime, given 1h0m0s: 1h0m0s isn't 5 to 10 minutes
}

func ExampleConfigError() {
	_, err := middleware.New()
	if fault := (*middleware.ConfigError)(nil); errors.As(err, &fault) {
		fmt.Println(fault)
	}
	// Output: middleware: WithSessions: no session manager
}
