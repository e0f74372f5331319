package redisstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// A Store is a [store.Watcher] in Redis. Make it with [New] or [NewVolatile].
type Store struct {
	client redis.UniversalClient
	prefix string
	shards [shards]string // what their keys begin with

	// volatile says that only kinds are kept that may be lost.
	volatile bool

	// witnesses are members of the shards' indexes, empty if the store is volatile.
	witnesses [shards]string
}

// shards is how many parts the documents are in, each in one slot of a cluster. It
// stays: with another number, documents would be looked for where they aren't.
const shards = 16

var _ store.Watcher = (*Store)(nil)

// New returns a store that keeps all kinds in Redis, accounts included. It fails if
// Redis can't be reached, says that it is set up so that documents get lost, or has
// lost some. The package comment says what Redis needs.
//
// The client stays the caller's, who closes it.
func New(ctx context.Context, client redis.UniversalClient, opts ...Option) (*Store, error) {
	c, err := configure(opts)
	if err := errors.Join(err, checkClient(client)); err != nil {
		return nil, err
	}
	if err := checkServers(ctx, client, c.noAppendOnly); err != nil {
		return nil, err
	}
	s := newStore(client, c.prefix, false)
	if err := s.setWitnesses(ctx, c.existing); err != nil {
		return nil, err
	}
	return s, nil
}

// NewVolatile returns a store of challenges and grants, to be combined with another
// one of accounts by [store.Split]: its Redis may lose them. Other kinds are refused.
// It doesn't ask for Redis to be there yet. Of the options, [WithPrefix] applies.
//
// The client stays the caller's, who closes it.
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
		// What stands in braces decides which slot a key is in.
		s.shards[n] = fmt.Sprintf("%s{%02d}:", prefix, n)
	}
	return s
}

// checkKind returns an error for a kind that must not be lost, where it may be.
func (s *Store) checkKind(kind store.Kind) error {
	if s.volatile && !kind.Volatile() {
		return fmt.Errorf("redisstore: the kind %q must not be lost, as it may be here: "+
			"want New instead of NewVolatile, or store.Split to keep it elsewhere", kind)
	}
	return nil
}
