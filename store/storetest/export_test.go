package storetest

import "context"

// Clauses returns the names of all clauses.
func Clauses() []string {
	var names []string
	for _, c := range clauses {
		names = append(names, c.name)
	}
	return names
}

// Check checks one clause.
func Check(name string, s Subject) error {
	for _, c := range clauses {
		if c.name == name {
			return c.judge(context.Background(), s)
		}
	}
	panic("no clause " + name)
}
