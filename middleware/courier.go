package middleware

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/templates"
)

const (
	noticesAtOnce  = 256              // under way
	noticeTime     = 30 * time.Second // for one call
	noticeAttempts = 6
	noticePause    = 4 * time.Second // doubled each time
	noticesLast    = 10 * time.Second
)

// A courier hands notices to the application's notifier in the background, so that
// no request waits for a mail server.
type courier struct {
	to       Notifier
	pages    *templates.Pages
	issuer   string
	log      *slog.Logger
	underWay chan struct{} // holds one for each
	policy   retrypolicy.RetryPolicy[any]
}

func newCourier(to Notifier, pages *templates.Pages, issuer string, log *slog.Logger) *courier {
	return &courier{
		to: to, pages: pages, issuer: issuer, log: log, underWay: make(chan struct{}, noticesAtOnce),
		policy: retrypolicy.NewBuilder[any]().
			ReturnLastFailure().
			WithMaxAttempts(noticeAttempts).
			WithBackoff(noticePause, time.Minute).
			WithJitterFactor(0.1).
			Build(),
	}
}

// notify has the user told of an event.
func (c *courier) notify(ctx context.Context, e factor.Event) {
	select {
	case c.underWay <- struct{}{}:
	default:
		c.lost(ctx, e, fmt.Errorf("%d notices are under way already", noticesAtOnce))
		return
	}
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer func() { <-c.underWay }()
		if err := failsafe.With(c.policy).WithContext(ctx).Run(func() error { return c.deliver(ctx, e) }); err != nil {
			c.lost(ctx, e, err)
		}
	}()
}

// deliver calls the notifier once. What panics is tried again like any other
// fault.
func (c *courier) deliver(ctx context.Context, e factor.Event) (err error) {
	ctx, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the notifier panicked: %v", p)
		}
	}()
	return c.to.Notify(ctx, newNotice(Event(e), c.pages, c.issuer))
}

func (c *courier) lost(ctx context.Context, e factor.Event, err error) {
	c.log.ErrorContext(ctx, "eagate: a notice to a user is lost",
		slog.String("event", e.Kind.String()), slog.String("user", e.UserID), slog.Any("error", err))
}

// finish waits for what is under way, but not for long.
func (c *courier) finish() {
	end := time.Now().Add(noticesLast)
	for len(c.underWay) > 0 && time.Now().Before(end) {
		time.Sleep(20 * time.Millisecond)
	}
}
