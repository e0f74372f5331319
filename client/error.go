package client

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// What a call can come to, other than success; to be used with [errors.Is].
// An error is one of the first five, or the end of the caller's own context.
var (
	// ErrUnavailable says that the service gave no answer that can be used:
	// it can't be reached, is too slow, is broken, or is not being asked for
	// the moment.
	ErrUnavailable = errors.New("client: service unavailable")

	// ErrInactive says that the application is switched off in the Console, or
	// that the user's phone has not granted push notifications.
	ErrInactive = errors.New("client: inactive")

	// ErrRefused says that the service understood the call and declined it. On
	// a new host the reason is most often that its IP address is not
	// registered in the Console.
	ErrRefused = errors.New("client: refused")

	// ErrProtocol says that the service reports success, but not what it ought
	// to: a missing token, a number that is none.
	ErrProtocol = errors.New("client: answer makes no sense")

	// ErrInvalid says that nothing was sent, because the Client or an argument
	// of the call is faulty.
	ErrInvalid = errors.New("client: invalid call")

	// ErrCircuitOpen says that nothing was sent, because the service was
	// unavailable several times in a row and is left alone for a while. Such an
	// error is ErrUnavailable too.
	ErrCircuitOpen = errors.New("not asked, because it was unavailable several times in a row")
)

// Kind is what an [Error] comes down to.
type Kind uint8

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

// sentinel returns what an error of the kind is to errors.Is, or nil.
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

// An Error is a call that came to nothing. It is safe to log: whatever comes
// from the service is short, free of control characters, and stripped of
// everything secret.
type Error struct {
	Op      string // the method that was called, such as "CreateSession"
	Kind    Kind
	Status  int    // of the HTTP response, or 0
	Code    string // the service's, such as "INVALID_REQUEST", or empty
	Message string // the service's, or empty

	cause  error
	again  bool   // another attempt may succeed
	remedy string // what to see to, or empty
}

// Error describes the failure on one line.
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

// Unwrap returns the cause, or nil. A cause whose text gave away a secret was
// replaced by its cleaned text.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is the sentinel of e's kind.
func (e *Error) Is(target error) bool {
	s := e.Kind.sentinel()
	return s != nil && s == target
}

// LogValue gives the parts of the error as a group.
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

// unregistered is the likeliest reason why a new host is refused.
const unregistered = "on a new host: is its IP address registered in the Console?"

// remedy says what to see to after an answer that is no success.
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

// byStatus judges an answer that is no envelope, which says nothing of itself.
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
