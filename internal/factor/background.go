package factor

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/internal/storelimit"
)

const (
	cleanEvery = time.Minute
	cleanBatch = 500              // records at once: no store is kept busy for long
	strayEvery = 10 * time.Minute // see syncStray
)

// Run tells the service what it couldn't be told at once, and deletes what has
// expired, until ctx ends. It may run on any number of nodes.
func (r *Rules) Run(ctx context.Context) {
	r.runs.now.Add(1)
	defer r.runs.now.Add(-1)
	sync := time.NewTicker(syncEvery)
	defer sync.Stop()
	stray := time.NewTicker(strayEvery)
	defer stray.Stop()
	clean := time.NewTicker(cleanEvery)
	defer clean.Stop()
	syncing, cleaning := work{name: "status sync"}, work{name: "clean-up"}
	last := r.instant()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sync.C:
			syncing.report(ctx, r.cfg.Log, r.SyncDue(ctx))
		case <-stray.C:
			syncing.report(ctx, r.cfg.Log, r.syncStray(ctx))
		case <-clean.C:
			now := r.instant()
			if set := now.setSince(last); set.Abs() > clockSkew {
				// What has expired by a clock that is ahead for a moment is still
				// needed when it is right again.
				r.cfg.Log.WarnContext(ctx, "eagate: the clock was set, or the machine suspended: no clean-up this time", slog.Duration("by", set))
			} else {
				cleaning.report(ctx, r.cfg.Log, r.clean(ctx))
			}
			last = now
		}
	}
}

// work is one kind of what goes on in the background.
type work struct {
	name    string
	failing bool // the last pass hit a fault of the store
}

// report logs a fault of the store when it begins, and once more when it has
// gone.
func (w *work) report(ctx context.Context, log *slog.Logger, err error) {
	if ctx.Err() != nil || err != nil && storelimit.Level(err) < slog.LevelError {
		return // the log has the fault already
	}
	switch before := w.failing; {
	case err != nil && !before:
		log.ErrorContext(ctx, "eagate: background work fails", slog.String("work", w.name), slog.Any("error", err))
	case err == nil && before:
		log.InfoContext(ctx, "eagate: background work goes on", slog.String("work", w.name))
	}
	w.failing = err != nil
}

func (r *Rules) clean(ctx context.Context) error {
	for {
		n, err := r.cfg.Records.DeleteExpired(ctx, r.cfg.Now(), cleanBatch)
		if err != nil || n < cleanBatch {
			return err
		}
	}
}

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
