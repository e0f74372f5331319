package client

import (
	"errors"
	"net"
	"time"

	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// retryPolicy retries failures that when accepts, with exponential backoff and jitter.
func retryPolicy(attempts int, when func(*Error) bool) retrypolicy.RetryPolicy[any] {
	return retrypolicy.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool {
			var e *Error
			return errors.As(err, &e) && when(e)
		}).
		ReturnLastFailure().
		WithMaxAttempts(attempts).
		WithBackoff(100*time.Millisecond, time.Second).
		WithJitterFactor(0.5).
		Build()
}

// transient accepts failures that may be temporary.
func transient(e *Error) bool { return e.again }

// neverSent accepts failures to connect: the service has not received the call, so a
// retry can't ring a phone twice.
func neverSent(e *Error) bool {
	var op *net.OpError
	return e.again && errors.As(e.cause, &op) && op.Op == "dial"
}
