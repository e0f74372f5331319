package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// ErrDataLost says that Redis has lost documents. They must be restored from a
// backup; the package comment says more.
var ErrDataLost = errors.New("redisstore: documents were lost")

// fault turns an error of go-redis into one of this package.
func fault(ctx context.Context, doing string, err error) error {
	switch {
	case redis.HasErrorPrefix(err, "DATALOST witness"):
		return fmt.Errorf("%w: while %s: the witness isn't the one that was there at the start: "+
			"restore Redis from a backup, or restart the application to begin anew", ErrDataLost, doing)
	case redis.HasErrorPrefix(err, "DATALOST document"):
		return fmt.Errorf("%w: while %s: the index names one that isn't there: restore Redis from a backup", ErrDataLost, doing)
	case redis.IsReadOnlyError(err), redis.IsMasterDownError(err):
		err = fmt.Errorf("%w: %w", store.ErrNotPrimary, err)
	}
	// A connection's deadline is the context's, whose own timer may come later.
	end := ctx.Err()
	if deadline, ok := ctx.Deadline(); ok && end == nil && !time.Now().Before(deadline) {
		end = context.DeadlineExceeded
	}
	if end != nil && !errors.Is(err, end) {
		err = fmt.Errorf("%w: %w", end, err)
	}
	return fmt.Errorf("redisstore: %s: %w", doing, err)
}

// isReply reports whether err is what the server answered, rather than a failure
// to reach it.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}
