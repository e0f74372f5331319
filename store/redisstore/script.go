package redisstore

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// A script begins with guard.lua, and says what it takes and returns.
type script struct {
	source, hash string
	writes       bool // once more isn't the same as once
}

// Commands that guard.lua can try. The latter is refused when there is no memory
// left, too: after a command that isn't, a script could write on.
const (
	guardRead  = "local guard = {'PERSIST', KEYS[1]}\n"
	guardWrite = "local guard = {'ZADD', KEYS[1], 'XX', 0, ''}\n"
)

var (
	//go:embed scripts/guard.lua
	guardSource string
	//go:embed scripts/get.lua
	getSource string
	//go:embed scripts/put.lua
	putSource string
	//go:embed scripts/delete.lua
	deleteSource string
	//go:embed scripts/due.lua
	dueSource string
	//go:embed scripts/list.lua
	listSource string
	//go:embed scripts/witness.lua
	witnessSource string
	//go:embed scripts/beat.lua
	beatSource string

	getScript     = newScript(guardRead, getSource, false)
	putScript     = newScript(guardWrite, putSource, true)
	deleteScript  = newScript(guardRead, deleteSource, true)
	dueScript     = newScript(guardRead, dueSource, false)
	listScript    = newScript(guardRead, listSource, false)
	witnessScript = newScript(guardRead, witnessSource, false)
	beatScript    = newScript(guardRead, beatSource, false)
)

func newScript(guard, source string, writes bool) *script {
	source = guard + guardSource + source
	return &script{source, redis.NewScript(source).Hash(), writes}
}

// A call is one run of a script in one shard. After run, it has the answer.
type call struct {
	*redis.Cmd
	script *script
	args   []any
}

// call returns a call that has the shard's index before the keys, and its witness
// before the args.
func (s *Store) call(script *script, shard int, keys []string, args ...any) *call {
	all := make([]any, 0, 5+len(keys)+len(args))
	all = append(all, "evalsha", script.hash, 1+len(keys), s.key(shard, "index"))
	for _, key := range keys {
		all = append(all, key)
	}
	all = append(all, s.witnesses[shard])
	return &call{script: script, args: append(all, args...)}
}

// NoRetry has go-redis never send a write again whose effect isn't known.
func (c *call) NoRetry() bool { return c.script.writes }

// longest is how long a round trip may take, with all that go-redis does to get a
// connection.
const longest = 3 * time.Second

// run makes calls in one round trip, or in two where Redis doesn't know the scripts
// yet. It returns an error unless each of them has succeeded.
func (s *Store) run(ctx context.Context, doing string, calls ...*call) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	err := s.send(ctx, calls)
	var unknown []*call
	for _, c := range calls {
		if redis.HasErrorPrefix(c.Err(), "NOSCRIPT") {
			c.args[0], c.args[1] = "eval", c.script.source
			unknown = append(unknown, c)
		}
	}
	if len(unknown) > 0 {
		err = s.send(ctx, unknown)
	}
	for _, c := range calls {
		if c.Err() != nil {
			err = c.Err()
			break
		}
	}
	if err != nil {
		return fault(ctx, doing, err)
	}
	return nil
}

func (s *Store) send(ctx context.Context, calls []*call) error {
	for _, c := range calls {
		c.Cmd = redis.NewCmd(ctx, c.args...)
		c.SetErr(errUnsent)
	}
	if len(calls) == 1 {
		return s.client.Process(ctx, calls[0])
	}
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, c := range calls {
			if err := p.Process(ctx, c); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// errUnsent is the error of a call until it is answered.
var errUnsent = errors.New("not sent")
