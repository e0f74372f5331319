package factor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/seldom"
)

// An Event is something that has happened to a user's second factor.
type Event struct {
	Kind   EventKind
	At     time.Time
	UserID string
	Email  string         // where it is known
	Method records.Method // how something was proved, or was tried to be; zero where nothing was
	Reason string         // why, in a word or an administrator's own ones
	Left   int            // of EventRecoveryUsed and EventRecoveryMade: the codes that are left
	Count  int            // of EventWrongCodes: how many
	Device string         // the name of a trusted device
	Until  time.Time      // of a pause
	Holder string         // of EventCodesOnly: the ID of the user who holds the address, where it is known
	Err    error          // the cause of a fault
}

// EventKind says what has happened.
type EventKind uint8

// The events, in the order of a user's way.
const (
	EventEnabled       EventKind = iota + 1 // the second factor was switched on
	EventReplaced                           // another phone, or another secret, took its place
	EventDisabled                           // it was switched off by the user
	EventReset                              // it was switched off by an administrator, for Reason
	EventCodesOnly                          // the phone isn't asked from now on: Holder has the address, or an administrator released it, for Reason
	EventPushSent                           // the phone was asked
	EventPushFailed                         // the phone couldn't be asked, because of Err: a code will do
	EventPushLimited                        // the phone wasn't asked, for Reason: too many requests, or paused; until Until
	EventPushPaused                         // requests in a row weren't approved: none is sent before Until
	EventApproved                           // the phone said yes
	EventNotApproved                        // the request failed: a rejection, a time-out or a fault of the service
	EventRejected                           // the same, where it means that the phone said no: "it wasn't me"
	EventLateReport                         // the service reported a result that changes nothing, because its challenge is over
	EventVerified                           // a session was unlocked, by Method
	EventCodeRefused                        // a code was refused, for Reason
	EventWrongCodes                         // wrong codes were typed, and no proof was given in the ten minutes after the first
	EventPaused                             // too many wrong codes: none is looked at before Until
	EventBlocked                            // too many wrong codes in a row: none is looked at any more
	EventUnblocked                          // wrong codes were forgotten by an administrator, for Reason
	EventRecoveryUsed                       // a recovery code was used up
	EventRecoveryMade                       // new recovery codes took the place of the old ones, or, for Reason "first", of none
	EventDeviceAdded                        // a browser is trusted from now on
	EventDeviceUsed                         // a session was let in because its browser is trusted
	EventDeviceRevoked                      // a browser is no longer trusted
	EventRevoked                            // all that was proved was made worthless by an administrator, for Reason
	EventHeld                               // the account is closed until the password has been changed
	EventReleased                           // it has been
	EventStopped                            // somebody who must have a second factor was stopped for want of one
	EventWouldStop                          // somebody would have been, were it not only reported
)

var eventNames = [...]string{
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

// String returns a name that never changes: logs are searched for it.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && eventNames[k] != "" {
		return eventNames[k]
	}
	return "invalid"
}

// Level is how much an event matters to an operator.
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

// A subject is what is logged or emitted at most now and then: events of a kind, of one
// user or of one cause.
type subject struct {
	kind EventKind
	of   string
}

// logged is when each subject was logged last on this node.
type logged struct {
	hourly   *seldom.Subjects[subject] // of states, such as a user who must have a second factor and has none
	minutely *seldom.Subjects[subject] // of events that can be repeated at will
}

func newLogged() logged {
	return logged{seldom.New[subject](time.Hour), seldom.New[subject](time.Minute)}
}

// emit logs an event that has been stored, under names that never change, with more that
// is for the log alone, and hands it to the application.
func (r *Rules) emit(ctx context.Context, e Event, more ...slog.Attr) {
	e.At = r.cfg.Now()
	r.log(ctx, e, more...)
	r.deliver(ctx, e)
}

// emitFrequent is emit for what a user can repeat at will, or what one cause does to all
// users: of each subject, one line a minute is logged, which says how many were left out.
func (r *Rules) emitFrequent(ctx context.Context, e Event, of string) {
	e.At = r.cfg.Now()
	if more, ok := r.logged.minutely.Say(subject{e.Kind, of}, e.At); ok {
		r.log(ctx, e, slog.Int("since_the_last", more))
	}
	r.deliver(ctx, e)
}

// emitHourly is emit for a state of a user, which every request finds: one event an hour.
func (r *Rules) emitHourly(ctx context.Context, kind EventKind, user User) {
	if _, ok := r.logged.hourly.Say(subject{kind, user.ID}, r.cfg.Now()); ok {
		r.emit(ctx, Event{Kind: kind, UserID: user.ID, Email: user.Email})
	}
}

func (r *Rules) log(ctx context.Context, e Event, more ...slog.Attr) {
	attrs := []slog.Attr{slog.String("event", e.Kind.String()), slog.String("user", e.UserID)}
	add := func(given bool, attr slog.Attr) {
		if given {
			attrs = append(attrs, attr)
		}
	}
	add(e.Method != 0, slog.String("method", e.Method.String()))
	add(e.Reason != "", slog.String("reason", e.Reason))
	add(e.Count != 0, slog.Int("count", e.Count))
	add(e.Device != "", slog.String("device", e.Device))
	add(e.Kind == EventRecoveryUsed || e.Kind == EventRecoveryMade, slog.Int("left", e.Left))
	add(e.Holder != "", slog.String("holder", e.Holder))
	add(!e.Until.IsZero(), slog.Time("until", e.Until))
	add(e.Err != nil, slog.Any("error", e.Err))
	r.cfg.Log.LogAttrs(ctx, e.Kind.Level(), "eagate: "+e.Kind.String(), append(attrs, more...)...)
}

// deliver calls the application's functions for events.
func (r *Rules) deliver(ctx context.Context, e Event) {
	r.notify(ctx, e)
	if r.cfg.Events == nil {
		return
	}
	defer func() {
		// The change is stored: the request goes on.
		if p := recover(); p != nil {
			r.cfg.Log.ErrorContext(ctx, "eagate: the application's function for events panicked",
				slog.String("event", e.Kind.String()), slog.String("panic", fmt.Sprint(p)))
		}
	}()
	r.cfg.Events(ctx, e)
}

// notify calls Notify for what the user should learn by another way than the pages: what
// makes the account weaker or stronger, and what looks as if somebody else knew the
// password (ASVS 5.0 6.3.5, 6.3.7).
func (r *Rules) notify(ctx context.Context, e Event) {
	if r.cfg.Notify == nil {
		return
	}
	switch e.Kind {
	case EventEnabled, EventReplaced, EventDisabled, EventReset, EventRecoveryUsed, EventDeviceAdded, EventWrongCodes, EventBlocked, EventHeld:
	case EventRecoveryMade:
		if e.Reason == reasonFirst {
			return // EventEnabled came just before
		}
	case EventRejected:
		if r.cfg.HoldRejected {
			return // EventHeld says more
		}
	case EventPushPaused: // once a day: see emitPushPaused
		return
	case EventCodesOnly, EventPushSent, EventPushFailed, EventPushLimited, EventApproved, EventNotApproved, EventLateReport, EventVerified, EventCodeRefused, EventPaused,
		EventUnblocked, EventDeviceUsed, EventDeviceRevoked, EventRevoked, EventReleased, EventStopped, EventWouldStop:
		return
	}
	r.cfg.Notify(ctx, e)
}
