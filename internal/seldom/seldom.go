// Package seldom limits how often repeated events are logged.
package seldom

import (
	"sync"
	"time"

	"github.com/eagate/eagate/internal/newest"
)

// size is how many keys are remembered at least, and half of how many at most.
const size = 1 << 14

// Subjects are keys with the time of their last log line. They are safe for concurrent
// use.
type Subjects[K comparable] struct {
	every time.Duration

	mu   sync.Mutex
	said newest.Map[K, said]
}

type said struct {
	at   time.Time
	more int // events since
}

// New returns subjects that are logged at most once in that time.
func New[K comparable](every time.Duration) *Subjects[K] {
	return &Subjects[K]{every: every, said: newest.Map[K, said]{Size: size}}
}

// Say reports whether to log an event with that key now, and how many were not logged
// since the last one that was. If the clock was set back, it is logged.
func (s *Subjects[K]) Say(key K, now time.Time) (more int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.said.Get(key)
	if age := now.Sub(last.at); known && age >= 0 && age < s.every {
		last.more++
		s.said.Set(key, last)
		return 0, false
	}
	s.said.Set(key, said{at: now})
	return last.more, true
}
