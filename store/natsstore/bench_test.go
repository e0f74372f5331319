package natsstore_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/natsstore"
)

// BenchmarkFull measures a bucket with many documents, 100,000 unless
// EAGATE_BENCH_DOCUMENTS says otherwise.
func BenchmarkFull(b *testing.B) {
	n := 100_000
	if text := os.Getenv("EAGATE_BENCH_DOCUMENTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	server := testenv.Server(b, "nats", "nats://127.0.0.1:4222").String()
	nc := connect(b, server)
	bucket := natsstore.WithBucket(newBucket(b, server))
	s := open(b, nc, bucket)
	body := fmt.Appendf(nil, `{"mac":%q,"w":"1","text":"%0400d"}`, "0123456789", 0)
	due := time.Now().Add(time.Hour)
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for i := w; i < n; i += 32 {
				doc := store.Document{ID: fmt.Sprintf("user%d@example.com", i), Due: due.Add(time.Duration(i) * time.Second), Body: body}
				if _, err := s.Put(b.Context(), store.Challenges, doc); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()

	b.Run("Get", func(b *testing.B) {
		for i := range b.N {
			if _, err := s.Get(b.Context(), store.Challenges, fmt.Sprintf("user%d@example.com", i%n)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Get1000", func(b *testing.B) {
		ids := make([]string, 1000)
		for i := range ids {
			ids[i] = fmt.Sprintf("user%d@example.com", i*(n/1000)%n)
		}
		for range b.N {
			if _, err := s.Get(b.Context(), store.Challenges, ids...); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("PutDelete", func(b *testing.B) {
		for i := range b.N {
			id := fmt.Sprintf("other%d", i)
			v, err := s.Put(b.Context(), store.Challenges, store.Document{ID: id, Due: due, Body: body})
			expect.NoError(b, err)
			expect.NoError(b, s.Delete(b.Context(), store.Challenges, id, v))
		}
	})
	b.Run("FirstDue", func(b *testing.B) {
		for range b.N {
			if _, err := open(b, nc, bucket).Due(b.Context(), store.Challenges, time.Now(), 100); err != nil {
				b.Fatal(err)
			}
		}
	})
	expect.Try(s.Due(b.Context(), store.Challenges, time.Now(), 100)).OrFail(b)
	b.Run("Due", func(b *testing.B) {
		for range b.N {
			if _, err := s.Due(b.Context(), store.Challenges, time.Now(), 100); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("List", func(b *testing.B) {
		for range b.N {
			all := 0
			for next, first := "", true; first || next != ""; first = false {
				page, after, err := s.List(b.Context(), store.Challenges, next, 1000)
				expect.NoError(b, err)
				next, all = after, all+len(page)
			}
			if all < n {
				b.Fatalf("got %d documents, want %d", all, n)
			}
		}
	})
	b.Run("DeleteDue1000", func(b *testing.B) {
		for i := range b.N {
			now := due.Add(time.Duration((i+1)*1000-1) * time.Second)
			if _, err := s.DeleteDue(b.Context(), store.Challenges, now, 1000); err != nil {
				b.Fatal(err)
			}
		}
	})
}
