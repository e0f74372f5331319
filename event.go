package eagate

import (
	"log/slog"
	"time"
)

// An Event reports something that happened to a user's second factor. Events are also
// logged, with the message "eagate: " and the kind's name, and the attributes event,
// user, method, reason, device, left, count, holder, until and error, as far as they
// apply. Events that somebody with the password can cause at will, and failures of
// requests by the same cause, are logged once a minute; since_the_last is the number of
// those left out.
type Event struct {
	Kind   EventKind
	At     time.Time
	UserID string
	Email  string    // if known
	Method Method    // of the proof or the attempt, if any
	Reason string    // a word, or the operator's reason
	Left   int       // for EventRecoveryUsed and EventRecoveryMade: the unused codes
	Count  int       // for EventWrongCodes: their number
	Device string    // the name of a trusted device
	Until  time.Time // when a pause ends
	Holder string    // for EventCodesOnly: the ID of the user who holds the address, if known
	Err    error     // the cause of a fault
}

// An EventKind is what an [Event] reports.
type EventKind uint8

// The events, in the order in which a user comes to them.
const (
	EventEnabled       EventKind = iota + 1 // the second factor was switched on
	EventReplaced                           // another phone, or another secret, took its place
	EventDisabled                           // it was switched off by the user
	EventReset                              // it was switched off by an operator, for Reason
	EventCodesOnly                          // the phone gets no more requests: Holder has the address, or an operator released it, for Reason
	EventPushSent                           // a request was sent to the phone
	EventPushFailed                         // a request could not be sent, because of Err; codes work
	EventPushLimited                        // a request was not sent before Until, for Reason: too many, or paused
	EventPushPaused                         // several requests in a row were not approved: none is sent before Until
	EventApproved                           // the request was approved on the phone
	EventNotApproved                        // the request failed: a rejection, a timeout or a fault of the service or, as Reason says, nobody answered
	EventRejected                           // the same, with [Rejection]: the user rejected it
	EventLateReport                         // the service reported a result, Reason, for a challenge that is over, which changes nothing
	EventVerified                           // a session was verified, by Method
	EventCodeRefused                        // a code of Method was refused, for Reason; if paused, until Until
	EventWrongCodes                         // Count wrong codes were entered, without a proof in the ten minutes after the first
	EventPaused                             // too many wrong codes of Method: none is checked before Until
	EventBlocked                            // too many wrong codes of Method in a row: none is checked until they are unlocked
	EventUnblocked                          // an operator reset the wrong codes, for Reason
	EventRecoveryUsed                       // a recovery code was used; Left are unused
	EventRecoveryMade                       // new recovery codes, Left in number, replaced the old ones; with Reason "first", there were none
	EventDeviceAdded                        // a browser, Device, was trusted until Until
	EventDeviceUsed                         // a session was verified because its browser, Device, is trusted
	EventDeviceRevoked                      // a trusted browser, Device, was revoked: with Reason, by an operator or by a change of the password
	EventRevoked                            // an operator revoked all proofs, for Reason
	EventHeld                               // the account was closed until the password is changed, for Reason
	EventReleased                           // the password was changed, and the account is open again
	EventStopped                            // a user who must have a second factor and has none was stopped
	EventWouldStop                          // [Require] would have stopped a user, and [ReportOnly] didn't
)

var eventKinds = names[EventKind]{
	EventEnabled: "enabled", EventReplaced: "replaced", EventDisabled: "disabled", EventReset: "reset",
	EventCodesOnly: "codes_only", EventPushSent: "push_sent", EventPushFailed: "push_failed", EventPushLimited: "push_limited", EventPushPaused: "push_paused",
	EventApproved: "approved", EventNotApproved: "not_approved", EventRejected: "rejected", EventLateReport: "late_report",
	EventVerified: "verified", EventCodeRefused: "code_refused",
	EventWrongCodes: "wrong_codes", EventPaused: "paused", EventBlocked: "blocked", EventUnblocked: "unblocked",
	EventRecoveryUsed: "recovery_used", EventRecoveryMade: "recovery_made",
	EventDeviceAdded: "device_added", EventDeviceUsed: "device_used", EventDeviceRevoked: "device_revoked",
	EventRevoked: "revoked", EventHeld: "held", EventReleased: "released",
	EventStopped: "stopped", EventWouldStop: "would_stop",
}

// String returns the kind's name, such as "push_sent". It never changes: logs are
// searched for it.
func (k EventKind) String() string { return eventKinds.of(k) }

// Level returns the level at which events of the kind are logged: warnings are those
// that an operator may want to look into.
func (k EventKind) Level() slog.Level {
	switch k {
	case EventCodesOnly, EventPushFailed, EventPushLimited, EventPushPaused, EventNotApproved, EventRejected, EventLateReport, EventCodeRefused, EventWrongCodes, EventPaused,
		EventBlocked, EventReset, EventRecoveryUsed, EventHeld, EventStopped, EventWouldStop:
		return slog.LevelWarn
	case EventEnabled, EventReplaced, EventDisabled, EventPushSent, EventApproved, EventVerified, EventUnblocked,
		EventRecoveryMade, EventDeviceAdded, EventDeviceUsed, EventDeviceRevoked, EventRevoked, EventReleased:
	}
	return slog.LevelInfo
}
