package storelimit_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/store"
)

// BenchmarkMemory measures what the limits cost a store that answers at once.
func BenchmarkMemory(b *testing.B) {
	memory := store.NewMemory()
	limited := storelimit.New(memory, timeout, slog.New(slog.DiscardHandler))
	for _, bb := range []struct {
		name    string
		backend store.Backend
		ctx     context.Context
	}{
		{"without", memory, b.Context()},
		{"a call of its own", limited, b.Context()},
		{"in a request", limited, storelimit.WithStream(b.Context())},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bb.backend.Get(bb.ctx, store.Accounts, "x"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
