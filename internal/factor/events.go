package factor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/seldom"
)

// A subject is what is logged or emitted at most now and then: events of a kind, of one
// user or of one cause.
type subject struct {
	kind eagate.EventKind
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
func (r *Rules) emit(ctx context.Context, e eagate.Event, more ...slog.Attr) {
	e.At = r.cfg.Now()
	r.log(ctx, e, more...)
	r.deliver(ctx, e)
}

// emitFrequent is emit for what a user can repeat at will, or what one cause does to all
// users: of each subject, one line a minute is logged, which says how many were left out.
func (r *Rules) emitFrequent(ctx context.Context, e eagate.Event, of string) {
	e.At = r.cfg.Now()
	if more, ok := r.logged.minutely.Say(subject{e.Kind, of}, e.At); ok {
		r.log(ctx, e, slog.Int("since_the_last", more))
	}
	r.deliver(ctx, e)
}

// emitHourly is emit for a state of a user, which every request finds: one event an hour.
func (r *Rules) emitHourly(ctx context.Context, kind eagate.EventKind, user eagate.User) {
	if _, ok := r.logged.hourly.Say(subject{kind, user.ID}, r.cfg.Now()); ok {
		r.emit(ctx, eagate.Event{Kind: kind, UserID: user.ID, Email: user.Email})
	}
}

func (r *Rules) log(ctx context.Context, e eagate.Event, more ...slog.Attr) {
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
	add(e.Kind == eagate.EventRecoveryUsed || e.Kind == eagate.EventRecoveryMade, slog.Int("left", e.Left))
	add(e.Holder != "", slog.String("holder", e.Holder))
	add(!e.Until.IsZero(), slog.Time("until", e.Until))
	add(e.Err != nil, slog.Any("error", e.Err))
	r.cfg.Log.LogAttrs(ctx, e.Kind.Level(), "eagate: "+e.Kind.String(), append(attrs, more...)...)
}

// deliver calls the application's functions for events.
func (r *Rules) deliver(ctx context.Context, e eagate.Event) {
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
func (r *Rules) notify(ctx context.Context, e eagate.Event) {
	if r.cfg.Notify == nil {
		return
	}
	switch e.Kind {
	case eagate.EventEnabled, eagate.EventReplaced, eagate.EventDisabled, eagate.EventReset, eagate.EventRecoveryUsed, eagate.EventDeviceAdded, eagate.EventWrongCodes, eagate.EventBlocked, eagate.EventHeld:
	case eagate.EventRecoveryMade:
		if e.Reason == reasonFirst {
			return // eagate.EventEnabled came just before
		}
	case eagate.EventRejected:
		if r.cfg.HoldRejected {
			return // eagate.EventHeld says more
		}
	case eagate.EventPushPaused: // once a day: see emitPushPaused
		return
	case eagate.EventCodesOnly, eagate.EventPushSent, eagate.EventPushFailed, eagate.EventPushLimited, eagate.EventApproved, eagate.EventNotApproved, eagate.EventLateReport, eagate.EventVerified, eagate.EventCodeRefused, eagate.EventPaused,
		eagate.EventUnblocked, eagate.EventDeviceUsed, eagate.EventDeviceRevoked, eagate.EventRevoked, eagate.EventReleased, eagate.EventStopped, eagate.EventWouldStop:
		return
	}
	r.cfg.Notify(ctx, e)
}
