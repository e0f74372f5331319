package storetest

import (
	"context"
	"time"
)

// Clauses returns the names of all clauses.
func Clauses() []string {
	var names []string
	for _, c := range clauses {
		names = append(names, c.name)
	}
	return names
}

// Check checks one clause.
func Check(name string, s Subject) error { return CheckWithin(name, s, patience) }

// CheckWithin checks one clause, with less patience than Run has.
func CheckWithin(name string, s Subject, patience time.Duration) error {
	for _, c := range clauses {
		if c.name == name {
			return c.judge(context.Background(), s, patience)
		}
	}
	panic("no clause " + name)
}

// A Crowd makes two calls overlap.
type Crowd = crowd

// Meet waits in the first call until there is a second one.
func (c *crowd) Meet() { c.meet() }
