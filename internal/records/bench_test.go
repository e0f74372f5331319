package records_test

import (
	"testing"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// BenchmarkUpdate is a read and a write of a challenge in memory: the cost of the
// JSON and of its protection.
func BenchmarkUpdate(b *testing.B) {
	r := records.New(store.NewMemory(), newKeyring(b, key))
	if err := r.CreateChallenge(b.Context(), challenge()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.UpdateChallenge(b.Context(), "c", func(c *records.Challenge) error { c.Epoch++; return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
