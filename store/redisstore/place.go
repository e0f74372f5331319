package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// A place is where a record is.
type place struct {
	client redis.UniversalClient
	id     string

	// keys begin with the record's. An account has those of its shard's witness
	// and indexes besides, and a witness.
	keys    []string
	witness string
}

func (p place) isAccount() bool { return p.witness != "" }

// read returns the fields that are stored.
func (p place) read(ctx context.Context) (map[string]string, error) {
	if p.isAccount() {
		return pairs(readAccountScript.Run(ctx, p.client, p.keys, p.witness, p.id))
	}
	return p.client.HGetAll(ctx, p.keys[0]).Result()
}

// pairs returns what the script that reads an account has answered.
func pairs(answer *redis.Cmd) (map[string]string, error) {
	flat, err := answer.StringSlice()
	if err != nil {
		return nil, err
	}
	fields := make(map[string]string, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		fields[flat[i]] = flat[i+1]
	}
	return fields, nil
}

// An edit is what is to be written. All of it is text.
type edit struct {
	read, next string // versions

	// when says, of a challenge or grant, when to forget it, in milliseconds since
	// 1970; of a late account, when it is due.
	when string

	fields []any // names and values, by turns
}

// write carries out an edit and reports true; or reports false if the version was
// another one than the edit has read.
//
// A connection can break before the answer comes, so that nobody knows whether
// the edit was carried out. Then it is tried again, with the same version, by
// which the script knows it. If the version is yet another one now, the edit may
// have been carried out and another writer have followed: that is an error, as a
// second call of the change function could fail for what the first has done.
func (p place) write(ctx context.Context, e edit) (bool, error) {
	var unanswered error
	for try := 0; ; try++ {
		written, err := p.writeOnce(ctx, e)
		switch {
		case err == nil && !written && unanswered != nil:
			return false, fmt.Errorf("no answer, and another writer since: %w", unanswered)
		case err == nil:
			return written, nil
		case try == 3 || !passes(err):
			return false, err
		case !isReply(err):
			unanswered = err
		}
		if ended := wait(ctx, 10*time.Millisecond<<(2*try)); ended != nil {
			return false, errors.Join(ended, err)
		}
	}
}

// writeOnce runs the script that writes. It has go-redis not try again by itself,
// as nothing would tell the first answer from a later one.
func (p place) writeOnce(ctx context.Context, e edit) (bool, error) {
	script := writeScript
	if p.isAccount() {
		script = writeAccountScript
	}
	args := make([]any, 0, 12+len(e.fields))
	args = append(args, "evalsha", script.hash, len(p.keys))
	for _, key := range p.keys {
		args = append(args, key)
	}
	args = append(args, e.read, e.next, e.when)
	if p.isAccount() {
		args = append(args, p.witness, p.id)
	}
	args = append(args, e.fields...)

	run := func() (bool, error) {
		cmd := redis.NewCmd(ctx, args...)
		cmd.SetFirstKeyPos(3)
		if err := p.client.Process(ctx, once{cmd}); err != nil {
			return false, err
		}
		return cmd.Bool()
	}
	written, err := run()
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		args[0], args[1] = "eval", script.source
		return run()
	}
	return written, err
}

// once is a command that go-redis doesn't repeat.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// passes reports whether what went wrong may be over in a moment: a connection
// that broke, or a server that is about to be ready. A time-out has taken long
// enough, and go-redis has tried to connect more than once.
func passes(err error) bool {
	if isReply(err) {
		return redis.IsLoadingError(err) || redis.IsReadOnlyError(err) || redis.IsMasterDownError(err) ||
			redis.IsClusterDownError(err) || redis.IsTryAgainError(err) || redis.IsMaxClientsError(err)
	}
	var (
		timeout net.Error
		network *net.OpError
	)
	switch {
	case errors.Is(err, redis.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &timeout) && timeout.Timeout(), errors.As(err, &network) && network.Op == "dial":
		return false
	}
	return true
}
