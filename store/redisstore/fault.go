package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrDataLost says that Redis has lost accounts. They must be restored from a
// backup; the package comment says more.
var ErrDataLost = errors.New("redisstore: accounts were lost")

// fault turns an error of go-redis into one of this package.
func fault(ctx context.Context, doing string, err error) error {
	// The scripts answer so.
	switch {
	case redis.HasErrorPrefix(err, "DATALOST witness"):
		return fmt.Errorf("%w: while %s: the witness isn't the one that was there at the start: "+
			"restore Redis from a backup, or restart the application to begin anew", ErrDataLost, doing)
	case redis.HasErrorPrefix(err, "DATALOST account"):
		return fmt.Errorf("%w: while %s: the index of accounts names one that isn't there: restore Redis from a backup", ErrDataLost, doing)
	}
	// Where go-redis heeds the context, its end looks like a time-out of the
	// network.
	if end := ended(ctx); end != nil && !errors.Is(err, end) {
		err = fmt.Errorf("%w: %w", end, err)
	}
	return fmt.Errorf("redisstore: %s: %w", doing, err)
}

// ended is ctx.Err, but doesn't wait for the context's own timer: that of the
// connection, which is set to the same moment, may come first.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// isReply reports whether err is what the server answered, rather than a failure
// to reach it.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}
