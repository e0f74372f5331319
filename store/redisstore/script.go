package redisstore

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// A script is begin.lua and what follows it.
type script struct {
	source, hash string
	writes       bool // not idempotent: never retried
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
	//go:embed scripts/lossmarker.lua
	lossMarkerSource string
	//go:embed scripts/beat.lua
	beatSource string

	getScript        = newScript(getSource, false)
	putScript        = newScript(putSource, true)
	deleteScript     = newScript(deleteSource, true)
	dueScript        = newScript(dueSource, false)
	listScript       = newScript(listSource, false)
	lossMarkerScript = newScript(lossMarkerSource, false)
	beatScript       = newScript(beatSource, false)
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

// call returns a call of a script with the common keys and arguments: see begin.lua.
// The ID is "" for scripts about a whole shard.
func (s *Store) call(script *script, shard int, kind store.Kind, id string, args ...any) *call {
	prefix, lossMarker, member := s.shards[shard], s.lossMarkers[shard], string(kind)+":"+id
	return &call{script: script, args: append([]any{
		"evalsha", script.hash, 5,
		prefix + "index", prefix + "due-" + string(kind), prefix + "reported-" + string(kind), prefix + "deleted", prefix + member,
		lossMarker, shard, member, id,
	}, args...)}
}

// NoRetry tells go-redis not to retry a write, which may have had an effect.
func (c *call) NoRetry() bool { return c.script.writes }

// longest is how long a round trip may take, including getting a connection.
const longest = 3 * time.Second

// run makes calls in one round trip, or in two if Redis hasn't cached the scripts, and
// returns the parsed replies. It returns an error unless all calls succeed.
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

// send makes calls; each then has its reply or an error.
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

// errUnsent is the error of a call that has neither a reply nor another error yet.
var errUnsent = errors.New("go-redis hasn't sent the command")
