package factor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
)

// How often a phone is asked. Requests that aren't approved, one after the other, are
// how an attacker who knows the password wears a user down.
const (
	pushMost   = 3 // requests in pushWindow whose approval wasn't used
	pushWindow = 15 * time.Minute

	pushMostHourly = 20 // requests in an hour, used or not

	unansweredAfter = 5 * time.Minute // a request that a newer one replaces later than that wasn't approved either
	firstPushPause  = 15 * time.Minute
	longestPushWait = 24 * time.Hour // of the pauses, which double
	warnEvery       = 24 * time.Hour // the user is warned of them
)

// Reasons of an eagate.EventPushLimited, and of an eagate.EventNotApproved.
const (
	reasonTooMany  = "too many"
	reasonPaused   = "paused"
	reasonNoAnswer = "no answer"
)

// A PushLimit says that the phone must be left in peace for a while.
type PushLimit struct {
	Paused bool      // because requests weren't approved; else there were too many
	Until  time.Time // when the next one may be sent
}

func (e *PushLimit) Error() string {
	return fmt.Sprintf("factor: no push until %s: %s", e.Until.Format(time.RFC3339), e.reason())
}

func (e *PushLimit) reason() string {
	if e.Paused {
		return reasonPaused
	}
	return reasonTooMany
}

// pushLimit returns what keeps the next request from the phone, or nil.
func pushLimit(p records.Push, now time.Time) *PushLimit {
	if until := pausedUntil(p, now); !until.IsZero() {
		return &PushLimit{Paused: true, Until: until}
	}
	var until time.Time
	if unused := recent(p.Unused, now, pushWindow); len(unused) >= pushMost {
		until = unused[len(unused)-pushMost].Add(pushWindow)
	}
	if sent := recent(p.Sent, now, time.Hour); len(sent) >= pushMostHourly {
		if free := sent[len(sent)-pushMostHourly].Add(time.Hour); free.After(until) {
			until = free
		}
	}
	if until.IsZero() {
		return nil
	}
	return &PushLimit{Until: until}
}

// recent returns which of the times still count.
func recent(times []time.Time, now time.Time, window time.Duration) []time.Time {
	return slices.DeleteFunc(slices.Clone(times), func(t time.Time) bool { return !active(t.Add(window), now, window) })
}

// pausedUntil returns until when requests are paused, or the zero time.
func pausedUntil(p records.Push, now time.Time) time.Time {
	if !active(p.PausedUntil, now, max(firstPushPause, pushPause(p.Unapproved))) {
		return time.Time{}
	}
	return p.PausedUntil
}

// pushPause doubles the pause with each unapproved request in a row from the second
// on.
func pushPause(unapproved int) time.Duration {
	return backoff(firstPushPause, longestPushWait, unapproved-2)
}

// sendPush counts a request that is about to be sent.
func sendPush(p *records.Push, now time.Time) {
	p.Unused = append(recent(p.Unused, now, pushWindow), now)
	p.Sent = append(recent(p.Sent, now, time.Hour), now)
	p.Open = now
}

// unsend takes back a request that never left.
func unsend(p *records.Push, at time.Time) {
	usePush(p, at)
	if i := slices.IndexFunc(p.Sent, at.Equal); i >= 0 {
		p.Sent = slices.Delete(p.Sent, i, i+1)
	}
}

// usePush notes that the approval of the request that was sent at that time was used:
// such requests don't count for pushMost.
func usePush(p *records.Push, at time.Time) {
	if i := slices.IndexFunc(p.Unused, at.Equal); i >= 0 {
		p.Unused = slices.Delete(p.Unused, i, i+1)
	}
	if p.Open.Equal(at) {
		p.Open = time.Time{}
	}
}

// withdraw takes back the newest request and returns the ID of its challenge, which is
// over: that it isn't answered any more doesn't make it unapproved.
func withdraw(p *records.Push) (live string) {
	live, p.Live, p.Open = p.Live, "", time.Time{}
	return live
}

// forgetPushes forgets how often the phone was asked.
func forgetPushes(p *records.Push) { p.Sent, p.Unused, p.Open = nil, nil, time.Time{} }

// An unapproved says what came of counting a request that wasn't approved.
type unapproved struct {
	counted bool
	until   time.Time // of the pause that it began, if it did
	warn    bool      // whether the user is to be warned
}

// countUnapproved counts the newest request, which is known since that time not to have
// been approved. It must be called once.
func countUnapproved(p *records.Push, since, now time.Time) unapproved {
	p.Open = time.Time{}
	p.Unapproved++
	u := unapproved{counted: true}
	pause := pushPause(p.Unapproved)
	if pause == 0 {
		return u
	}
	u.until = since.Add(pause)
	pausePush(p, u.until, now)
	if !active(p.WarnedAt.Add(warnEvery), now, warnEvery) {
		p.WarnedAt, u.warn = now, true
	}
	return u
}

// pausePush sends no request before that time, nor before the end of another pause.
func pausePush(p *records.Push, until, now time.Time) {
	if pausedUntil(*p, now).Before(until) {
		p.PausedUntil = until
	}
}

// countUnanswered counts the newest request if it has run out, however it ended then,
// or if the report that it wasn't approved was cut off. Its challenge is looked up only
// if that isn't known. Where there is none, the request was given up while it was being
// created: the phone may have rung.
func (r *Rules) countUnanswered(ctx context.Context, p *records.Push, now time.Time) (unapproved, error) {
	if p.Open.IsZero() || now.Before(p.Open.Add(unansweredAfter)) {
		return unapproved{}, nil
	}
	var c records.Challenge
	if p.Live != "" {
		var err error
		if c, err = r.challenge(ctx, p.Live); err != nil {
			return unapproved{}, err
		}
	}
	since := p.Open.Add(r.cfg.TokenLifetime)
	if now.Before(since) {
		since = now
	}
	switch c.State {
	case records.NotApproved, records.Rejected:
		since = c.DecidedAt
	case records.Approved, records.Consumed:
		return unapproved{}, nil
	case records.Pending, records.Void, records.Replaced:
		if !c.DecidedAt.IsZero() {
			return unapproved{}, nil // it was approved before
		}
	}
	return countUnapproved(p, since, now), nil
}

// limit returns what keeps the next request from the user's phone, or nil. A request
// that has run out meanwhile counts, although it isn't noted yet.
func (r *Rules) limit(ctx context.Context, p records.Push) (*PushLimit, error) {
	now := r.cfg.Now()
	if _, err := r.countUnanswered(ctx, &p, now); err != nil {
		return nil, err
	}
	return pushLimit(p, now), nil
}

// PushPaused returns until when the user's phone isn't asked because requests weren't
// approved, or the zero time.
func (r *Rules) PushPaused(ctx context.Context, acct records.Account) (time.Time, error) {
	limit, err := r.limit(ctx, acct.Push)
	if err != nil || limit == nil || !limit.Paused {
		return time.Time{}, err
	}
	return limit.Until, nil
}

// emitPushPaused emits the event of a pause, if one began.
func (r *Rules) emitPushPaused(ctx context.Context, user eagate.User, u unapproved) {
	if u.until.IsZero() {
		return
	}
	e := eagate.Event{Kind: eagate.EventPushPaused, UserID: user.ID, Email: user.Email, Until: u.until}
	r.emit(ctx, e)
	if u.warn && r.cfg.Notify != nil {
		e.At = r.cfg.Now()
		r.cfg.Notify(ctx, e)
	}
}
