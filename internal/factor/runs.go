package factor

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// runPatience is how long work that Run does is left to some node's, before the log says
// that there seems to be none.
const runPatience = time.Minute

// runs are the calls of Run on this node.
type runs struct {
	now     atomic.Int64
	awaited atomic.Bool // whether somebody looks soon, or has told already
}

// awaitRun notes that work was left to Run. If none runs here then, and the work is
// overdue, the log says so, once: another node may do it.
func (r *Rules) awaitRun() {
	if r.runs.now.Load() > 0 || !r.runs.awaited.CompareAndSwap(false, true) {
		return
	}
	time.AfterFunc(runPatience, func() { r.runs.awaited.Store(r.missRun(context.Background())) })
}

// missRun has the log say, if it is so, that nobody does what waits, and reports whether
// it was said.
func (r *Rules) missRun(ctx context.Context) bool {
	if r.runs.now.Load() > 0 {
		return false
	}
	due, err := r.cfg.Records.DueAccounts(ctx, r.cfg.Now().Add(-runPatience/2), 1)
	if err != nil || len(due) == 0 {
		return false // a fault of the store is told where it begins
	}
	r.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "eagate: work waits that nobody does: the service isn't told of changes, and what has expired isn't deleted",
		slog.String("remedy", "call go gate.Run(ctx) when the program starts, on one node at least"))
	return true
}
