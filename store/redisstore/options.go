package redisstore

import (
	"errors"
	"fmt"
	"strings"
)

// An Option is an option of [New] or [NewVolatile].
type Option func(*config)

type config struct {
	prefix       string
	existing     bool
	noAppendOnly bool
}

// WithPrefix sets the prefix of all keys and channels: 1 to 64 bytes without braces; [New]
// reports all others. The default is "eagate:". Applications that share a Redis need
// different prefixes.
func WithPrefix(prefix string) Option {
	return func(c *config) { c.prefix = prefix }
}

// WithExisting makes [New] return [ErrDataLost] for a store that has never been used.
// Set it after the first start: a Redis that has lost everything looks like a new one.
// Without it, New marks an empty Redis as its own. [NewVolatile] reports it as a fault.
func WithExisting() Option {
	return func(c *config) { c.existing = true }
}

// WithInsecureNoAppendOnly makes [New] accept a server with appendonly off. Without it,
// New reports such a server. When the server stops, accounts are lost, and their users have
// no second factor. It is for tests and demos; [NewVolatile] reports it as a fault.
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

// checkVolatile returns an error if an option is set that is only about accounts.
func (c config) checkVolatile() error {
	if c.existing || c.noAppendOnly {
		return errors.New("redisstore: WithExisting and WithInsecureNoAppendOnly concern accounts, which NewVolatile doesn't keep")
	}
	return nil
}
