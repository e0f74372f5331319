package middleware

import (
	"context"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/templates"
)

// WithEvents names a function that hears of every event: to count, to audit, to
// tell the user. It is called while the request waits, after what the event tells
// of has been stored, from any number of requests at once; long work belongs in a
// goroutine of its own. The context is the request's, or [Gate.Run]'s.
func WithEvents(f func(context.Context, eagate.Event)) Option {
	return func(c *config) { c.events = f; c.given("WithEvents", f != nil, "no function") }
}

// A Notifier brings messages to users by a way of the application's own, such as
// e-mail: what has happened to their second factor, and what to do if it wasn't
// they who did it.
//
// Notify is called in the background, from up to 256 goroutines at once. Its context
// has the values of the request's, and ends after 30 seconds. After an error it is
// called again, up to five times, after pauses that grow from 4 seconds to a minute;
// then, or if 256 messages are under way already, the log says which user hasn't been
// told of what. Of one user, eight messages are under way, and one more of each kind
// that isn't: the others are lost, with one line in the log. A message that isn't delivered yet when the program
// ends is lost: where that matters, Notify should put it into a queue that lasts.
type Notifier interface {
	Notify(context.Context, Notice) error
}

// NotifierFunc makes a function a [Notifier].
type NotifierFunc func(context.Context, Notice) error

// Notify calls f.
func (f NotifierFunc) Notify(ctx context.Context, n Notice) error { return f(ctx, n) }

// A Notice is a message to a user about an event, ready to be sent. It tells of the
// second factor being switched on, replaced, switched off and reset; of recovery
// codes used and made anew, and devices trusted; of what looks as if somebody else
// knew the password: a rejection on the phone; and, each once a day, requests to it in a
// row that weren't approved, and wrong codes without a proof within ten minutes; and of
// an account that is closed, or whose codes are no longer looked at.
type Notice struct {
	eagate.Event

	// Subject, a single line, and Text are plain text in the pages' default
	// language. They contain no link and no secret.
	Subject, Text string

	pages  *templates.Pages
	issuer string
}

// In returns the notice in the language that suits best: of a tag such as "th", or
// of what an Accept-Language header may say.
func (n Notice) In(language string) Notice {
	if n.pages != nil {
		n.Subject, n.Text = n.pages.Notice(n.pages.Match(language), n.issuer, n.Event)
	}
	return n
}

// WithNotifier names what brings messages to users. Unless set, nobody is told: users
// learn what has happened from the application, by [WithEvents], or not at all
// (ASVS 5.0 6.3.5 and 6.3.7 want them to be told).
func WithNotifier(n Notifier) Option {
	return func(c *config) { c.notifier = n; c.given("WithNotifier", !isNil(n), "no notifier") }
}

func newNotice(e eagate.Event, pages *templates.Pages, issuer string) Notice {
	n := Notice{Event: e, pages: pages, issuer: issuer}
	n.Subject, n.Text = pages.Notice("", issuer, e)
	return n
}
