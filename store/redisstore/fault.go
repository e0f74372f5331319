package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// ErrDataLost is returned when Redis has lost documents, which must be restored from
// a backup. See the package comment.
var ErrDataLost = errors.New("redisstore: documents were lost")

// fault returns the error of this package for an error of go-redis.
func fault(ctx context.Context, doing string, err error) error {
	switch {
	case redis.HasErrorPrefix(err, "DATALOST marker"):
		return fmt.Errorf("%w: while %s: the loss marker has changed since the start: "+
			"restore Redis from a backup, or restart the application to start without data", ErrDataLost, doing)
	case redis.HasErrorPrefix(err, "DATALOST document"):
		return fmt.Errorf("%w: while %s: a document in the index is missing: restore Redis from a backup", ErrDataLost, doing)
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

// isReply reports whether err is the server's reply, not a failure to reach it.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}
