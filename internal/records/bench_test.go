package records_test

import (
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// BenchmarkUpdate is a read and a write of a challenge in memory: the cost of the
// JSON and of its protection.
func BenchmarkUpdate(b *testing.B) {
	r := records.New(store.NewMemory(), newKeyring(b, key))
	expect.NoError(b, r.CreateChallenge(b.Context(), challenge()))
	b.ReportAllocs()
	for b.Loop() {
		expect.NoError(b, r.UpdateChallenge(b.Context(), "c", func(c *records.Challenge) error { c.Epoch++; return nil }))
	}
}
