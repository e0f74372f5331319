package factor

import (
	"fmt"
	"slices"
	"time"

	"github.com/eagate/eagate/internal/records"
)

// reasonRejected is the reason of an EventPushLimited after a rejection.
const reasonRejected = "rejected"

// A PushLimit says that the phone must be left in peace for a while.
type PushLimit struct {
	Rejected bool      // the last request was rejected on the phone; else there were too many
	Until    time.Time // when the next one may be sent
}

func (e *PushLimit) Error() string {
	why := "too many requests"
	if e.Rejected {
		why = "rejected on the phone"
	}
	return fmt.Sprintf("factor: no push until %s: %s", e.Until.Format(time.RFC3339), why)
}

// pushLimit returns what keeps the next request from the phone, or nil.
func pushLimit(p records.Push, now time.Time) *PushLimit {
	if holds(p.PausedUntil, now, rejectionPause) {
		return &PushLimit{Rejected: true, Until: p.PausedUntil}
	}
	if sent := recent(p.Sent, now); len(sent) >= pushMost {
		return &PushLimit{Until: sent[len(sent)-pushMost].Add(pushWindow)}
	}
	return nil
}

// recent returns what of sent still counts.
func recent(sent []time.Time, now time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(sent), func(t time.Time) bool { return !holds(t.Add(pushWindow), now, pushWindow) })
}

// unsend takes the reservation's request back: it never left.
func unsend(p *records.Push, at time.Time) {
	if i := slices.IndexFunc(p.Sent, at.Equal); i >= 0 {
		p.Sent = slices.Delete(p.Sent, i, i+1)
	}
}
