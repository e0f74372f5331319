package factor

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/storelimit"
)

const (
	syncEvery   = 5 * time.Second // how often Run looks for what is due
	syncBatch   = 100             // accounts in one look
	syncWorkers = 4               // accounts at once

	strayEvery  = 10 * time.Minute // see syncStray
	strayBehind = 10_000           // accounts that are due within syncPauseMax: with more of them, strays wait

	cleanEvery = time.Minute
	cleanBatch = 500 // records at once: no store is kept busy for long
)

// noLater is a time that every store can hold, and later than any attempt is due.
var noLater = time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)

// Run informs the service of what it couldn't be informed of at once, and deletes what
// has expired, until ctx ends. It may run on any number of nodes.
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

// report logs a fault of the store when it begins, and again when it is
// over.
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

// SyncDue informs the service of every account that is due, and owners of wrong codes,
// until none is left or the client's circuit opens. It may run on any number of nodes:
// one at a time works on an account. A fault of the store with one account doesn't keep
// it from the others.
func (r *Rules) SyncDue(ctx context.Context) error {
	var faults []error
	tried := make(map[string]bool) // none is tried twice in a pass
	for still := 0; ctx.Err() == nil; {
		limit := syncBatch + still
		due, err := r.cfg.Records.DueAccounts(ctx, r.cfg.Now(), limit)
		if err != nil {
			return errors.Join(append(faults, err)...)
		}
		ids := slices.DeleteFunc(slices.Clone(due), func(id string) bool { return tried[id] })
		still = len(due) - len(ids) // of those tried: mostly none
		if len(ids) == 0 && len(due) < limit {
			break
		}
		resting, err := r.syncAccounts(ctx, ids)
		faults = append(faults, err)
		if resting {
			break
		}
		for _, id := range ids {
			tried[id] = true
		}
	}
	return errors.Join(faults...)
}

// syncStray informs the service of accounts that are due later than a right clock would
// have put them off: SyncDue would find them only then.
func (r *Rules) syncStray(ctx context.Context) error {
	waiting, err := r.cfg.Records.DueAccounts(ctx, r.cfg.Now().Add(syncPauseMax+clockSkew), strayBehind)
	if err != nil || len(waiting) == strayBehind {
		return err
	}
	ids, err := r.cfg.Records.DueAccounts(ctx, noLater, len(waiting)+syncBatch)
	if err != nil {
		return err
	}
	_, err = r.syncAccounts(ctx, ids[min(len(waiting), len(ids)):]) // the longest due come first
	return err
}

// syncAccounts informs the service of several accounts at once, until the client's
// circuit opens. The error is the store's.
func (r *Rules) syncAccounts(ctx context.Context, ids []string) (resting bool, err error) {
	var (
		workers sync.WaitGroup
		next    atomic.Int64
		rest    atomic.Bool
		faults  = make([]error, len(ids))
	)
	for i, id := range ids { // of those too that the service won't be called for
		faults[i] = r.warnOfWrongCodes(ctx, id)
	}
	for range syncWorkers {
		workers.Go(func() {
			for ctx.Err() == nil && !rest.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(ids) {
					return
				}
				err := r.syncAccount(ctx, ids[i])
				if errors.Is(err, client.ErrCircuitOpen) {
					rest.Store(true)
				} else if faults[i] == nil {
					faults[i] = err
				}
			}
		})
	}
	workers.Wait()
	return rest.Load(), errors.Join(faults...)
}

// clean deletes what has expired.
func (r *Rules) clean(ctx context.Context) error {
	for {
		n, err := r.cfg.Records.DeleteExpired(ctx, r.cfg.Now(), cleanBatch)
		if err != nil || n < cleanBatch {
			return err
		}
	}
}

// runPatience is how long work may wait for a node that calls Run, before the log says that
// there seems to be none.
const runPatience = time.Minute

// runs are the calls of Run on this node.
type runs struct {
	now      atomic.Int64
	expected atomic.Bool // whether warnNoRun will be called soon, or has warned
}

// expectRun notes that work was left to Run. If none runs here, and the work is overdue
// after a while, the log says so, once: another node may do it.
func (r *Rules) expectRun() {
	if r.runs.now.Load() > 0 || !r.runs.expected.CompareAndSwap(false, true) {
		return
	}
	time.AfterFunc(runPatience, func() { r.runs.expected.Store(r.warnNoRun(context.Background())) })
}

// warnNoRun logs that work waits and no node calls Run, if that is so, and reports whether
// it did.
func (r *Rules) warnNoRun(ctx context.Context) bool {
	if r.runs.now.Load() > 0 {
		return false
	}
	due, err := r.cfg.Records.DueAccounts(ctx, r.cfg.Now().Add(-runPatience/2), 1)
	if err != nil || len(due) == 0 {
		return false // faults of the store are logged elsewhere
	}
	r.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "eagate: work waits that no node does: the service isn't informed of changes, and what has expired isn't deleted",
		slog.String("remedy", "call go gate.Run(ctx) when the program starts, on one node at least"))
	return true
}
