// Package seldom limits how often repeated events are logged.
package seldom

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// size is the number of remembered keys.
const size = 1 << 14

// Subjects are keys with the time of their last log line. They are safe for concurrent
// use.
type Subjects[K comparable] struct {
	every time.Duration

	mu   sync.Mutex
	said *lru.Cache[K, said]
}

type said struct {
	at   time.Time
	more int // events since
}

// New returns subjects that are logged at most once in that time.
func New[K comparable](every time.Duration) *Subjects[K] {
	cache, err := lru.New[K, said](size)
	if err != nil {
		panic(err) // the size is wrong
	}
	return &Subjects[K]{every: every, said: cache}
}

// Say reports whether to log an event with that key now, and how many were not logged
// since the last one that was. If the clock was set back, it is logged.
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
