package client

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// The errors of calls, for [errors.Is]. Every error is one of the first five, or that
// of the caller's context.
var (
	// ErrUnavailable is returned if the service can't be reached, is too slow, or
	// fails, or if the circuit breaker is open.
	ErrUnavailable = errors.New("client: service unavailable")

	// ErrInactive is returned if the application is switched off in the Console, or
	// the user's phone has not granted push notifications.
	ErrInactive = errors.New("client: inactive")

	// ErrRefused is returned if the service understood the call and refused it. On a
	// new host, the most common reason is that its IP address is not registered in
	// the Console.
	ErrRefused = errors.New("client: refused")

	// ErrProtocol is returned if the service reports success with invalid data, such
	// as a missing token.
	ErrProtocol = errors.New("client: answer makes no sense")

	// ErrInvalid is returned if the Client or an argument of the call is invalid.
	// Nothing was sent.
	ErrInvalid = errors.New("client: invalid call")

	// ErrCircuitOpen is returned if the circuit breaker is open, because the service
	// was unavailable several times in a row. Nothing was sent. Such an error is also
	// ErrUnavailable.
	ErrCircuitOpen = errors.New("not called, because it was unavailable several times in a row")
)

// A Kind classifies an [Error].
type Kind uint8

// The kinds.
const (
	Unavailable Kind = iota + 1 // see ErrUnavailable
	Inactive                    // see ErrInactive
	Refused                     // see ErrRefused
	Protocol                    // see ErrProtocol
	Invalid                     // see ErrInvalid
	Canceled                    // the caller's context was cancelled
)

func (k Kind) String() string {
	switch k {
	case Unavailable:
		return "service unavailable"
	case Inactive:
		return "inactive"
	case Refused:
		return "refused"
	case Protocol:
		return "answer makes no sense"
	case Invalid:
		return "invalid call"
	case Canceled:
		return "cancelled"
	}
	return "invalid kind"
}

// sentinel returns the error of the kind for errors.Is, or nil.
func (k Kind) sentinel() error {
	switch k {
	case Unavailable:
		return ErrUnavailable
	case Inactive:
		return ErrInactive
	case Refused:
		return ErrRefused
	case Protocol:
		return ErrProtocol
	case Invalid:
		return ErrInvalid
	case Canceled:
	}
	return nil
}

// An Error is a failed call. It is safe to log: texts of the service are shortened,
// and contain neither control characters nor secrets.
type Error struct {
	Op      string // the method that was called, such as "CreateSession"
	Kind    Kind
	Status  int    // of the HTTP response, or 0
	Code    string // the service's, such as "INVALID_REQUEST", or empty
	Message string // the service's, or empty

	cause  error
	again  bool   // another attempt may succeed
	remedy string // what to check, or empty
}

// Error returns the error on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "client: %s: %v", e.Op, e.Kind)
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, " %q", e.Message)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	if e.remedy != "" {
		b.WriteString("; ")
		b.WriteString(e.remedy)
	}
	return b.String()
}

// Unwrap returns the cause, or nil. A cause whose text contained a secret is replaced by
// its redacted text.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is the sentinel of e's kind.
func (e *Error) Is(target error) bool {
	s := e.Kind.sentinel()
	return s != nil && s == target
}

// LogValue returns the fields of the error as a group.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("op", e.Op), slog.String("kind", e.Kind.String())}
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", e.Code))
	}
	if e.Message != "" {
		attrs = append(attrs, slog.String("message", e.Message))
	}
	if e.cause != nil {
		attrs = append(attrs, slog.String("cause", e.cause.Error()))
	}
	if e.remedy != "" {
		attrs = append(attrs, slog.String("remedy", e.remedy))
	}
	return slog.GroupValue(attrs...)
}

// unregistered is the most likely reason why the service refuses a new host.
const unregistered = "on a new host: is its IP address registered in the Console?"

// remedy returns what to check after an error, or "".
func (c *Client) remedy(in call, e *Error) string {
	switch missing := e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed; {
	case e.Kind == Inactive && in.token == "" && in.circuit == c.circuit:
		return "either the application is switched off in the Console, or this user's phone has not allowed push notifications"
	case e.Kind == Inactive:
		return "perhaps the application is switched off in the Console"
	case e.Kind == Refused && missing, e.Kind == Unavailable && e.Status/100 > 1 && e.Status/100 < 4:
		return fmt.Sprintf("asked for %s %s: see WithBaseURL and WithPaths", in.endpoint.Method, c.address(in.endpoint))
	case e.Kind == Refused && e.Status/100 == 4:
		return unregistered
	}
	return ""
}

func invalid(op string, cause error) *Error {
	return &Error{Op: op, Kind: Invalid, cause: cause}
}

// byStatus returns the error of a response without a valid envelope.
func byStatus(op string, status int, why string) *Error {
	e := &Error{Op: op, Kind: Unavailable, Status: status, cause: errors.New(why)}
	switch {
	case status >= 500:
		e.again = true
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
	case status >= 400:
		e.Kind = Refused
	}
	return e
}
