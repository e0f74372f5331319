package redisstore

import (
	"errors"
	"fmt"
	"strings"
)

// An Option changes how the store is set up.
type Option func(*config)

type config struct {
	prefix       string
	existing     bool
	noAppendOnly bool
}

// WithPrefix sets what all keys begin with, "eagate:" by default: 1 to 64 bytes
// without braces. Applications that share a Redis need a prefix each.
func WithPrefix(prefix string) Option {
	return func(c *config) { c.prefix = prefix }
}

// WithExisting makes [New] fail with [ErrDataLost] unless the store has been used
// before. Set it after the first start: a Redis that has lost everything looks
// like a new one.
func WithExisting() Option {
	return func(c *config) { c.existing = true }
}

// WithInsecureNoAppendOnly makes [New] accept a server whose appendonly is off:
// when it stops, accounts are lost, and their users have no second factor any
// more. That fits tests and demos.
func WithInsecureNoAppendOnly() Option {
	return func(c *config) { c.noAppendOnly = true }
}

func configure(opts []Option) (config, error) {
	c := config{prefix: "eagate:"}
	for _, o := range opts {
		o(&c)
	}
	const longest = 64
	if c.prefix == "" || len(c.prefix) > longest || strings.ContainsAny(c.prefix, "{}") {
		return c, fmt.Errorf("redisstore: prefix %.*q: want 1 to %d bytes without braces", longest, c.prefix, longest)
	}
	return c, nil
}

// checkVolatile returns an error if an option is set that concerns accounts.
func (c config) checkVolatile() error {
	if c.existing || c.noAppendOnly {
		return errors.New("redisstore: WithExisting and WithInsecureNoAppendOnly concern accounts, which NewVolatile doesn't keep")
	}
	return nil
}
