package middleware_test

import (
	"fmt"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

// A proxy takes "/app" off the paths that it passes on: what browsers are told has it.
func ExampleWithExternalPath() {
	fmt.Println(visit(welcome, middleware.User{ID: "7"}, // opens https://example.com/app/account
		middleware.WithExternalPath("/app"),
		middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(0) }),
	))
	// Output: 303 /app/2fa/enable
}
