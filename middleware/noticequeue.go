package middleware

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/eagate/eagate"

	"github.com/eagate/eagate/templates"
)

const (
	noticesAtOnce  = 256              // under way
	noticesOfUser  = 8                // of them, and one more of each kind
	noticeTime     = 30 * time.Second // for one call
	noticeAttempts = 6
	noticePause    = 4 * time.Second // doubled each time
	noticesLast    = 10 * time.Second
)

// A noticeQueue hands notices to the application's notifier in the background, so that
// no request waits for a mail server.
type noticeQueue struct {
	to     Notifier
	pages  *templates.Pages
	issuer string
	log    *slog.Logger
	policy retrypolicy.RetryPolicy[any]

	mu    sync.Mutex
	total int
	users map[string]*userNotices
}

// userNotices are those of a user that are under way.
type userNotices struct {
	total int
	kinds map[eagate.EventKind]int
	full  bool // one was lost because there were too many, and the log says so
}

func newNoticeQueue(to Notifier, pages *templates.Pages, issuer string, log *slog.Logger) *noticeQueue {
	return &noticeQueue{
		to: to, pages: pages, issuer: issuer, log: log, users: make(map[string]*userNotices),
		policy: retrypolicy.NewBuilder[any]().
			ReturnLastFailure().
			WithMaxAttempts(noticeAttempts).
			WithBackoff(noticePause, time.Minute).
			WithJitterFactor(0.1).
			Build(),
	}
}

// notify has the user told of an event, unless too many notices are under way: one
// user's don't keep another's from it, nor many of one kind the first of another.
func (q *noticeQueue) notify(ctx context.Context, e eagate.Event) {
	if news, err := q.enter(e); err != nil {
		if news {
			q.lost(ctx, e, err)
		}
		return
	}
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer q.leave(e)
		if err := failsafe.With(q.policy).WithContext(ctx).Run(func() error { return q.deliver(ctx, e) }); err != nil {
			q.lost(ctx, e, err)
		}
	}()
}

// enter makes a notice one that is under way, or returns why it can't be, and whether
// that is news: of a user whose notices have filled their room, the log has one line
// until all of them have ended.
func (q *noticeQueue) enter(e eagate.Event) (news bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	u := q.users[e.UserID]
	if u != nil && u.total >= noticesOfUser && u.kinds[e.Kind] > 0 {
		news, u.full = !u.full, true
		return news, fmt.Errorf("%d notices to this user are under way already", u.total)
	}
	if q.total >= noticesAtOnce {
		return true, fmt.Errorf("%d notices are under way already", q.total)
	}
	if u == nil {
		u = &userNotices{kinds: make(map[eagate.EventKind]int)}
		q.users[e.UserID] = u
	}
	q.total++
	u.total++
	u.kinds[e.Kind]++
	return false, nil
}

func (q *noticeQueue) leave(e eagate.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.total--
	u := q.users[e.UserID]
	u.kinds[e.Kind]--
	if u.total--; u.total == 0 {
		delete(q.users, e.UserID)
	}
}

// deliver calls the notifier once. What panics is tried again like any other
// fault.
func (q *noticeQueue) deliver(ctx context.Context, e eagate.Event) (err error) {
	ctx, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the notifier panicked: %v", p)
		}
	}()
	return q.to.Notify(ctx, newNotice(e, q.pages, q.issuer))
}

func (q *noticeQueue) lost(ctx context.Context, e eagate.Event, err error) {
	q.log.ErrorContext(ctx, "eagate: a notice to a user is lost",
		slog.String("event", e.Kind.String()), slog.String("user", e.UserID), slog.Any("error", err))
}

// finish waits for what is under way, but not for long.
func (q *noticeQueue) finish() {
	end := time.Now().Add(noticesLast)
	for q.underWay() > 0 && time.Now().Before(end) {
		time.Sleep(20 * time.Millisecond)
	}
}

func (q *noticeQueue) underWay() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total
}
