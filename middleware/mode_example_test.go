package middleware_test

import (
	"fmt"
	"net/netip"
	"strings"

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

// The origin is what browsers show, not where the program listens.
func ExampleWithOrigin() {
	gate, _ := newGate(middleware.WithOrigin("https://app.example.com"))
	callback, err := gate.CallbackURL()
	fmt.Println(strings.HasPrefix(callback, "https://app.example.com/2fa/callback/"), err)

	gate, _ = newGate()
	_, err = gate.CallbackURL()
	fmt.Println(err)
	// Output:
	// true <nil>
	// middleware: CallbackURL: the application's origin isn't known: give New WithOrigin
}
