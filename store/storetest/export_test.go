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

// Check checks one clause, with less patience than Run has.
func Check(name string, s Subject, patience time.Duration) error {
	for _, c := range clauses {
		if c.name == name {
			return c.judge(context.Background(), s, patience)
		}
	}
	panic("no clause " + name)
}
