package factor

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// leftMost is how many records are kept of a user's sessions that are over.
const leftMost = 32

// leave notes that these records of the user, kept until that time, only keep over
// what is over: marks of sessions that were logged out, grants that another has taken
// the place of, and the marks of where those were given. The oldest are deleted when
// there are more than leftMost, so that logging in and out time and again doesn't
// fill the store.
//
// A session whose mark was deleted can be written back by a request that has been
// under way since, as one in which only the password was given: its grant is gone. To
// have a mark deleted takes leftMost logouts, and so the password.
//
// The mark of a session that goes on, verified, under another ID isn't among them: it
// keeps the approval that unlocked it from being used once more.
func (r *Rules) leave(ctx context.Context, userID string, until time.Time, ids ...string) {
	list := records.Grant{ID: hash("eagate left\x00" + userID), UserID: userID, Kind: records.KindLeft}
	var surplus []string
	change := func(g *records.Grant) error {
		g.Left = slices.DeleteFunc(slices.Clone(g.Left), func(id string) bool { return slices.Contains(ids, id) })
		g.Left = append(g.Left, ids...)
		n := max(0, len(g.Left)-leftMost)
		surplus, g.Left = g.Left[:n], g.Left[n:]
		if g.ExpiresAt.Before(until) {
			g.ExpiresAt = until
		}
		return nil
	}
	err := r.cfg.Records.UpdateGrant(ctx, list.ID, change)
	if errors.Is(err, records.ErrNotFound) {
		_ = change(&list)
		err = r.cfg.Records.CreateGrant(ctx, list)
		if errors.Is(err, records.ErrExists) {
			err = r.cfg.Records.UpdateGrant(ctx, list.ID, change)
		}
	}
	if err == nil && len(surplus) > 0 {
		err = r.forgetForm(ctx, userID) // one of the marks may have been all that kept it from unlocking its session anew
	}
	for _, id := range surplus {
		if err == nil {
			err = r.cfg.Records.DeleteGrant(ctx, id)
		}
	}
	if err != nil { // they go when their time is up
		r.cfg.Log.Log(ctx, storelimit.Level(err), "eagate: what a session has left in the store isn't counted",
			slog.String("user", userID), slog.Any("error", err))
	}
}
