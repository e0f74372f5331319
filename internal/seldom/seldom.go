// Package seldom has what happens time and again said now and then.
package seldom

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// size is how many keys are remembered.
const size = 1 << 14

// Subjects are what was said last, and when. They are safe for concurrent use.
type Subjects[K comparable] struct {
	every time.Duration

	mu   sync.Mutex
	said *lru.Cache[K, said]
}

type said struct {
	at   time.Time
	more int // times since
}

// New returns subjects of which each is said once in that time.
func New[K comparable](every time.Duration) *Subjects[K] {
	cache, err := lru.New[K, said](size)
	if err != nil {
		panic(err) // the size is wrong
	}
	return &Subjects[K]{every: every, said: cache}
}

// Say reports whether what has that key is to be said now, and how many times it was
// not since it was last. That a clock was set back makes it be said.
func (s *Subjects[K]) Say(key K, now time.Time) (more int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.said.Get(key)
	if age := now.Sub(last.at); known && age >= 0 && age < s.every {
		last.more++
		s.said.Add(key, last)
		return 0, false
	}
	s.said.Add(key, said{at: now})
	return last.more, true
}
