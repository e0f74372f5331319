package factor

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// remarkAgain is how long this node doesn't repeat a remark about a user: every
// request would otherwise be an event.
const remarkAgain = time.Hour

// remark emits an event of something that is so, rather than of something that
// has happened: now and then.
func (r *Rules) remark(ctx context.Context, kind EventKind, user User, now time.Time) {
	if r.remarks.isNews(remark{kind, user.ID}, now) {
		r.emit(ctx, Event{Kind: kind, UserID: user.ID, Email: user.Email})
	}
}

// remarks are when what was last said.
type remarks struct {
	mu   sync.Mutex
	last *lru.Cache[remark, time.Time]
}

type remark struct {
	kind   EventKind
	userID string
}

func newRemarks() (*remarks, error) {
	last, err := lru.New[remark, time.Time](cacheSize)
	return &remarks{last: last}, err
}

// isNews reports whether m wasn't said a short time ago, and notes that it is
// now.
func (rs *remarks) isNews(m remark, now time.Time) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if last, said := rs.last.Get(m); said && holds(last.Add(remarkAgain), now, remarkAgain) {
		return false
	}
	rs.last.Add(m, now)
	return true
}
