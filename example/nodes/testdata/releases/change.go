package main

import "github.com/eagate/eagate/internal/records"

// change is what only a newer release does.
func change(*records.Account) {}
