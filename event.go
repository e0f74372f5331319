package eagate

import (
	"log/slog"
	"time"
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
	Reason string    // why: a word, or what an operator wrote
	Left   int       // of EventRecoveryUsed and EventRecoveryMade: the codes that are left
	Count  int       // of EventWrongCodes: how many
	Device string    // the name of a trusted device
	Until  time.Time // when a pause ends
	Holder string    // of EventCodesOnly: the ID of the user who holds the address, where it is known
	Err    error     // the cause of a fault
}

// EventKind says what has happened.
type EventKind uint8

// The events, in the order in which a user comes to them.
const (
	EventEnabled       EventKind = iota + 1 // the second factor was switched on
	EventReplaced                           // another phone, or another secret, took its place
	EventDisabled                           // it was switched off by the user
	EventReset                              // it was switched off by an operator, for Reason
	EventCodesOnly                          // the phone isn't asked from now on: Holder has the address, or an operator released it, for Reason
	EventPushSent                           // the phone was asked
	EventPushFailed                         // the phone couldn't be asked, because of Err: a code will do
	EventPushLimited                        // the phone wasn't asked, for Reason: too many requests, or paused; until Until
	EventPushPaused                         // requests in a row weren't approved: none is sent before Until
	EventApproved                           // the request was approved on the phone
	EventNotApproved                        // the request failed: a rejection, a time-out or a fault of the service
	EventRejected                           // the same, with [Rejection]: the user rejected it
	EventLateReport                         // the service reported a result that changes nothing, because its challenge is over
	EventVerified                           // a session was unlocked, by Method
	EventCodeRefused                        // a code was refused, for Reason
	EventWrongCodes                         // wrong codes were typed, and no proof was given in the ten minutes after the first
	EventPaused                             // too many wrong codes: none is checked before Until
	EventBlocked                            // too many wrong codes in a row: none is checked any more
	EventUnblocked                          // wrong codes were forgotten by an operator, for Reason
	EventRecoveryUsed                       // a recovery code was used up
	EventRecoveryMade                       // new recovery codes replaced the old ones; for Reason "first", there were none
	EventDeviceAdded                        // a browser is trusted from now on
	EventDeviceUsed                         // a session was let in because its browser is trusted
	EventDeviceRevoked                      // a browser is no longer trusted; for Reason, if an operator revoked it
	EventRevoked                            // all that was proved was revoked by an operator, for Reason
	EventHeld                               // the account is closed until the password has been changed
	EventReleased                           // the password has been changed, and the account is open again
	EventStopped                            // a user who must have a second factor was stopped for want of one
	EventWouldStop                          // a user would have been stopped, but for [ReportOnly]
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
