package middleware_test

import (
	"fmt"
	"net/netip"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

// The service's own page shows the number, in a window of its own. The browser
// knows the session token then, so that the callback is taken from the service's
// network alone.
func ExampleWithMode() {
	gate, _ := newGate(
		middleware.WithMode(eagate.Popup),
		middleware.WithOrigin("https://app.example.com"),
		middleware.WithCallbackNetworks(netip.MustParsePrefix("192.0.2.0/24")),
	)
	fmt.Println(gate)

	// Output: middleware.Gate("/2fa")
}
