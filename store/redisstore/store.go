package redisstore

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// A Store is a [store.Store] in Redis. Make it with [New].
type Store struct {
	Volatile

	// witnesses hold the value of each shard's.
	witnesses [shards]string
}

// Volatile is a [store.Volatile] in Redis. Make it with [NewVolatile].
type Volatile struct {
	client redis.UniversalClient
	keys   keys
}

var (
	_ store.Store    = (*Store)(nil)
	_ store.Volatile = (*Volatile)(nil)
)

// New returns a store that keeps everything in Redis, accounts included. It fails
// if Redis can't be reached, says that it is set up so that accounts get lost, or
// has lost some. The package comment says what Redis needs.
//
// The client stays the caller's, who closes it.
func New(ctx context.Context, client redis.UniversalClient, opts ...Option) (*Store, error) {
	c, err := configure(opts)
	if err := errors.Join(err, checkClient(client)); err != nil {
		return nil, err
	}
	s := &Store{Volatile: Volatile{client: client, keys: keys{c.prefix}}}
	if err := checkServers(ctx, client, c.noAppendOnly); err != nil {
		return nil, err
	}
	if s.witnesses, err = s.meetWitnesses(ctx, c.existing); err != nil {
		return nil, err
	}
	return s, nil
}

// NewVolatile returns a store of challenges and grants, to be combined with
// another one of accounts by [store.Split]. It doesn't ask for Redis to be there
// yet. Of the options, [WithPrefix] applies.
//
// The client stays the caller's, who closes it.
func NewVolatile(client redis.UniversalClient, opts ...Option) (*Volatile, error) {
	c, err := configure(opts)
	if err := errors.Join(err, c.checkVolatile(), checkClient(client)); err != nil {
		return nil, err
	}
	return &Volatile{client: client, keys: keys{c.prefix}}, nil
}

// checkClient returns an error if the client may miss what has been written.
func checkClient(client redis.UniversalClient) error {
	switch c := client.(type) {
	case nil:
		return errors.New("redisstore: client is nil")
	case *redis.Ring:
		return errors.New("redisstore: client is a Ring: when one of its servers is down, it looks for records where they aren't")
	case *redis.ClusterClient:
		if c.Options().ReadOnly {
			return errors.New("redisstore: client reads from replicas: want ReadOnly, RouteByLatency and RouteRandomly off")
		}
	case *redis.Client:
		if o := c.Options(); o.ClientSideCacheConfig != nil || o.ClientSideCache != nil {
			return errors.New("redisstore: client reads from a cache of its own: want ClientSideCache and ClientSideCacheConfig unset")
		}
	}
	return nil
}
