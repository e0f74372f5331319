package middleware

import (
	"context"

	"github.com/eagate/eagate"
)

// WithEvents names a function that hears of every event: to count, to audit, to
// tell the user. It is called while the request waits, after what the event tells
// of has been stored, from any number of requests at once; long work belongs in a
// goroutine of its own. The context is the request's, or [Gate.Run]'s.
func WithEvents(f func(context.Context, eagate.Event)) Option {
	return func(c *config) { c.events = f; c.given("WithEvents", f != nil, "no function") }
}
