package middleware

import (
	"context"
	"time"

	"github.com/eagate/eagate/internal/factor"
)

// An Event is something that has happened to a user's second factor. All of them
// are logged as well, as "eagate: " and the kind's name, with the attributes event,
// user, method, reason, device, left, count, holder, until and error where they apply. Of
// those that somebody with the password can cause as often as they like, and of pushes
// that fail by one cause, a line a minute is logged, whose since_the_last says how many
// were left out.
type Event struct {
	Kind   EventKind
	At     time.Time
	UserID string
	Email  string    // where it is known
	Method Method    // how something was proved, or was tried to be; zero where nothing was
	Reason string    // why, in a word or an administrator's own ones
	Left   int       // of EventRecoveryUsed and EventRecoveryMade: the codes that are left
	Count  int       // of EventWrongCodes: how many
	Device string    // the name of a trusted device
	Until  time.Time // of a pause
	Holder string    // of EventCodesOnly: the ID of the user who holds the address, where it is known
	Err    error     // the cause of a fault
}

// EventKind says what has happened. Its String is a name that never changes.
type EventKind = factor.EventKind

// The events, in the order of a user's way.
const (
	EventEnabled       = factor.EventEnabled       // the second factor was switched on
	EventReplaced      = factor.EventReplaced      // another phone, or another secret, took its place
	EventDisabled      = factor.EventDisabled      // it was switched off by the user
	EventReset         = factor.EventReset         // it was switched off by an administrator, for Reason
	EventCodesOnly     = factor.EventCodesOnly     // the phone isn't asked from now on: Holder has the address, or an administrator released it, for Reason
	EventPushSent      = factor.EventPushSent      // the phone was asked
	EventPushFailed    = factor.EventPushFailed    // the phone couldn't be asked, because of Err: a code will do
	EventPushLimited   = factor.EventPushLimited   // the phone wasn't asked, for Reason: too many requests, or paused; until Until
	EventPushPaused    = factor.EventPushPaused    // requests in a row weren't approved: none is sent before Until
	EventApproved      = factor.EventApproved      // the phone said yes
	EventNotApproved   = factor.EventNotApproved   // the request failed: a rejection, a time-out or a fault of the service
	EventRejected      = factor.EventRejected      // the same, with [Rejection]: "it wasn't me"
	EventLateReport    = factor.EventLateReport    // the service reported a result that changes nothing, because its challenge is over
	EventVerified      = factor.EventVerified      // a session was unlocked, by Method
	EventCodeRefused   = factor.EventCodeRefused   // a code was refused, for Reason
	EventWrongCodes    = factor.EventWrongCodes    // wrong codes were typed, and no proof was given in the ten minutes after the first
	EventPaused        = factor.EventPaused        // too many wrong codes: none is looked at before Until
	EventBlocked       = factor.EventBlocked       // too many wrong codes in a row: none is looked at any more
	EventUnblocked     = factor.EventUnblocked     // wrong codes were forgotten by an administrator, for Reason
	EventRecoveryUsed  = factor.EventRecoveryUsed  // a recovery code was used up
	EventRecoveryMade  = factor.EventRecoveryMade  // new recovery codes took the place of the old ones, or, for Reason "first", of none
	EventDeviceAdded   = factor.EventDeviceAdded   // a browser is trusted from now on
	EventDeviceUsed    = factor.EventDeviceUsed    // a session was let in because its browser is trusted
	EventDeviceRevoked = factor.EventDeviceRevoked // a browser is no longer trusted
	EventRevoked       = factor.EventRevoked       // all that was proved was made worthless by an administrator, for Reason
	EventHeld          = factor.EventHeld          // the account is closed until the password has been changed
	EventReleased      = factor.EventReleased      // it has been
	EventStopped       = factor.EventStopped       // somebody who must have a second factor was stopped for want of one
	EventWouldStop     = factor.EventWouldStop     // somebody would have been, were it not only reported
)

// WithEvents names a function that hears of every event: to count, to audit, to
// tell the user. It is called while the request waits, after what the event tells
// of has been stored, from any number of requests at once; long work belongs in a
// goroutine of its own. The context is the request's, or [Gate.Run]'s.
func WithEvents(f func(context.Context, Event)) Option {
	return func(c *config) { c.events = f; c.given("WithEvents", f != nil, "no function") }
}

// eventsOf turns the function that WithEvents was given into what the rules call.
func eventsOf(f func(context.Context, Event)) func(context.Context, factor.Event) {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, e factor.Event) { f(ctx, Event(e)) }
}
