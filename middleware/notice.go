package middleware

import (
	"context"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/templates"
)

// WithEvents sets a function that is called for every event: for metrics, an audit log, or
// messages to users. Without it, events are only logged. It is called while the request
// waits, after the change has been stored, so slow work belongs in another goroutine. It
// must be safe for concurrent use. The context is the request's, or that of [Gate.Run].
func WithEvents(f func(context.Context, eagate.Event)) Option {
	return func(c *config) { c.events = f; c.given("WithEvents", f != nil, "no function") }
}

// A Notifier sends notices to users, by e-mail, say: what happened to their second
// factor, and what to do if they didn't do it.
//
// Notify is called in the background, from up to 256 goroutines at once. Its context has
// the values of the request's context, and a timeout of 30 seconds. After an error it is
// called again, up to five times, with pauses that grow from 4 seconds to a minute. If
// that fails too, or 256 notices are being sent already, the notice is lost, and the log
// names the user and the event. Of one user, at most eight notices are being sent at
// once, and one more of each kind that isn't among them; others are lost, with one line
// in the log. A notice that is not sent when the program ends is lost: if that matters,
// Notify should put it into a persistent queue.
type Notifier interface {
	Notify(context.Context, Notice) error
}

// NotifierFunc adapts a function to a [Notifier].
type NotifierFunc func(context.Context, Notice) error

// Notify calls f.
func (f NotifierFunc) Notify(ctx context.Context, n Notice) error { return f(ctx, n) }

// A Notice is a message to a user about an event. Users get a notice when the second
// factor is switched on, replaced, switched off or reset; when a recovery code is used or
// new ones are made; when a device is trusted; when somebody else may know the password:
// after a rejection on the phone and, each once a day, after several requests in a row
// that weren't approved, and after wrong codes without a proof within ten minutes; and
// when an account is closed or its codes are blocked.
type Notice struct {
	eagate.Event

	// Subject, a single line, and Text are plain text in the pages' default
	// language. They contain no link and no secret.
	Subject, Text string

	pages  *templates.Pages
	issuer string
}

// In returns the notice in the language that matches best: a tag such as "th", or the
// value of an Accept-Language header.
func (n Notice) In(language string) Notice {
	if n.pages != nil {
		n.Subject, n.Text = n.pages.Notice(n.pages.Match(language), n.issuer, n.Event)
	}
	return n
}

// WithNotifier sets what sends notices to users; their texts are included. Without it,
// there are no notices. ASVS 5.0 6.3.5 and 6.3.7 require that users learn of changes: tell
// them by [WithEvents] then.
func WithNotifier(n Notifier) Option {
	return func(c *config) { c.notifier = n; c.given("WithNotifier", !isNil(n), "no notifier") }
}

func newNotice(e eagate.Event, pages *templates.Pages, issuer string) Notice {
	n := Notice{Event: e, pages: pages, issuer: issuer}
	n.Subject, n.Text = pages.Notice("", issuer, e)
	return n
}
