package handlers

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// complainAgain is how long the same fault isn't logged again: a page that asks
	// for a forged record may come a hundred times a second.
	complainAgain = time.Minute

	complaintsKept = 1000
)

// complaints are the faults that were logged lately.
type complaints struct {
	mu   sync.Mutex
	made *lru.Cache[string, complaint]
}

type complaint struct {
	at   time.Time
	more int // that weren't logged
}

func newComplaints() *complaints {
	made, err := lru.New[string, complaint](complaintsKept)
	if err != nil {
		panic(err) // the size is wrong
	}
	return &complaints{made: made}
}

// news reports whether a fault is to be logged now, and how often it was not since
// it was last.
func (c *complaints) news(fault string, now time.Time) (more int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, made := c.made.Get(fault)
	if age := now.Sub(last.at); made && age >= 0 && age < complainAgain {
		last.more++
		c.made.Add(fault, last)
		return 0, false
	}
	c.made.Add(fault, complaint{at: now})
	return last.more, true
}
