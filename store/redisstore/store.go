package redisstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// A Store is a [store.Watcher] in Redis, made by [New] or [NewVolatile]. It is safe for
// concurrent use.
type Store struct {
	client      redis.UniversalClient
	prefix      string
	shards      [shards]string // the prefixes of their keys
	volatile    bool           // keeps only kinds that may be lost
	lossMarkers [shards]string // members of the shards' indexes; empty if volatile
}

// shards is the number of parts that the documents are in, each in one slot of a
// cluster. It must never change: documents would no longer be found.
const shards = 16

var _ store.Watcher = (*Store)(nil)

// New returns a store that keeps all kinds in Redis, accounts included. It returns an
// error if Redis can't be reached, is configured so that documents are lost, or has lost
// documents ([ErrDataLost]). The package comment says how to configure Redis.
//
// The caller closes the client.
func New(ctx context.Context, client redis.UniversalClient, opts ...Option) (*Store, error) {
	c, err := configure(opts)
	if err := errors.Join(err, checkClient(client)); err != nil {
		return nil, err
	}
	if err := checkServers(ctx, client, c.noAppendOnly); err != nil {
		return nil, err
	}
	s := newStore(client, c.prefix, false)
	if err := s.setLossMarkers(ctx, c.existing); err != nil {
		return nil, err
	}
	return s, nil
}

// NewVolatile returns a store of challenges and grants, which its Redis may lose, to be
// combined with a store of accounts by [store.Split]. It refuses other kinds. It doesn't
// connect to Redis. The only option is [WithPrefix].
//
// The caller closes the client.
func NewVolatile(client redis.UniversalClient, opts ...Option) (*Store, error) {
	c, err := configure(opts)
	if err := errors.Join(err, c.checkVolatile(), checkClient(client)); err != nil {
		return nil, err
	}
	return newStore(client, c.prefix, true), nil
}

func newStore(client redis.UniversalClient, prefix string, volatile bool) *Store {
	s := &Store{client: client, prefix: prefix, volatile: volatile}
	for n := range s.shards {
		// The part in braces determines the slot.
		s.shards[n] = fmt.Sprintf("%s{%02d}:", prefix, n)
	}
	return s
}

// checkKind returns an error if a volatile store is to keep a kind that must not be
// lost.
func (s *Store) checkKind(kind store.Kind) error {
	if s.volatile && !kind.Volatile() {
		return fmt.Errorf("redisstore: the kind %q must not be lost, as it may be here: "+
			"want New instead of NewVolatile, or store.Split to keep it elsewhere", kind)
	}
	return nil
}
