package redisstore

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// A script goes on from begin.lua.
type script struct {
	source, hash string
	writes       bool // once more isn't the same as once
}

var (
	//go:embed scripts/begin.lua
	beginSource string
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

	getScript     = newScript(getSource, false)
	putScript     = newScript(putSource, true)
	deleteScript  = newScript(deleteSource, true)
	dueScript     = newScript(dueSource, false)
	listScript    = newScript(listSource, false)
	witnessScript = newScript(witnessSource, false)
	beatScript    = newScript(beatSource, false)
)

func newScript(source string, writes bool) *script {
	source = beginSource + source
	return &script{source, redis.NewScript(source).Hash(), writes}
}

// A call is one run of a script in one shard.
type call struct {
	*redis.Cmd
	script *script
	args   []any
}

// call returns a call of a script with the keys and arguments that each one has: see
// begin.lua. The ID is "" for what concerns the whole shard.
func (s *Store) call(script *script, shard int, kind store.Kind, id string, args ...any) *call {
	prefix, witness, member := s.shards[shard], s.witnesses[shard], string(kind)+":"+id
	return &call{script: script, args: append([]any{
		"evalsha", script.hash, 5,
		prefix + "index", prefix + "due-" + string(kind), prefix + "reported-" + string(kind), prefix + "deleted", prefix + member,
		witness, shard, member, id,
	}, args...)}
}

// NoRetry has go-redis never send a write again whose effect isn't known.
func (c *call) NoRetry() bool { return c.script.writes }

// longest is how long a round trip may take, with all that go-redis does to get a
// connection.
const longest = 3 * time.Second

// run makes calls in one round trip, or in two where Redis doesn't know the scripts
// yet, and returns what parse makes of the answers. It returns an error unless each
// call has succeeded.
func run[T any](ctx context.Context, s *Store, doing string, parse func(*redis.Cmd) (T, error), calls ...*call) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	s.send(ctx, calls)
	var unknown []*call
	for _, c := range calls {
		if redis.HasErrorPrefix(c.Err(), "NOSCRIPT") {
			c.args[0], c.args[1] = "eval", c.script.source
			unknown = append(unknown, c)
		}
	}
	s.send(ctx, unknown)
	answers := make([]T, len(calls))
	for i, c := range calls {
		var err error
		if answers[i], err = parse(c.Cmd); err != nil {
			return nil, fault(ctx, doing, err)
		}
	}
	return answers, nil
}

// send makes calls, each of which then has its answer or an error.
func (s *Store) send(ctx context.Context, calls []*call) {
	for _, c := range calls {
		c.Cmd = redis.NewCmd(ctx, c.args...)
		c.SetErr(errUnsent)
	}
	switch len(calls) {
	case 0:
		return
	case 1:
		s.client.Process(ctx, calls[0])
		return
	}
	s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, c := range calls {
			p.Process(ctx, c)
		}
		return nil
	})
}

// errUnsent is the error of a call until there is another one, or an answer.
var errUnsent = errors.New("go-redis hasn't sent the command")
