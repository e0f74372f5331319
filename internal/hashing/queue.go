package hashing

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// AtOnce bounds the memory that strangers can have us use.
	AtOnce = 2

	// MaxWaiting bounds the users that wait for a turn, and maxWait how long: but for
	// those who make new codes, whose proof is used up.
	MaxWaiting = 256
	maxWait    = 5 * time.Second
)

var (
	ErrOvertaken = errors.New("hashing: a later request of the same user has taken the turn")
	ErrNoTurn    = errors.New("hashing: too many users wait for a turn")
)

// A Queue shares hashing among users. A job has one turn at once, however many
// requests there are for it, and gets the next one after all others that wait: no
// user waits for more than one hash of each other user's jobs. It is safe for concurrent
// use.
type Queue struct {
	mu      sync.Mutex
	free    int
	places  map[Job]*Place // of each job's latest request
	busy    map[Job]bool
	waiting []*Place
}

// A Job is what hashes are made for.
type Job struct {
	UserID string
	Making bool // of new codes, or else checking one
}

// A Place is that of a request in the queue. It is not for concurrent use.
type Place struct {
	queue     *Queue
	job       Job
	overtaken chan struct{} // closed by a later request
	begun     chan struct{} // closed when its turn begins
}

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	return &Queue{free: AtOnce, places: make(map[Job]*Place), busy: make(map[Job]bool)}
}

// Join gives a request its place, until Leave is called. An earlier request for the
// same job loses its own; a turn that has begun goes on.
func (q *Queue) Join(j Job) *Place {
	p := &Place{queue: q, job: j, overtaken: make(chan struct{})}
	q.mu.Lock()
	defer q.mu.Unlock()
	if earlier := q.places[j]; earlier != nil {
		close(earlier.overtaken)
	}
	q.places[j] = p
	return p
}

// Leave gives the place up.
func (p *Place) Leave() {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	if p.queue.places[p.job] == p {
		delete(p.queue.places, p.job)
	}
}

// Full reports whether so many users wait that no more may.
func (q *Queue) Full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) >= MaxWaiting
}

// Take waits for a turn, which end ends. Its error is ErrOvertaken, the context's or,
// unless new codes are to be made, ErrNoTurn.
func (p *Place) Take(ctx context.Context) (end func(), err error) {
	q := p.queue
	p.begun = make(chan struct{})
	q.mu.Lock()
	switch {
	case q.places[p.job] != p:
		q.mu.Unlock()
		return nil, ErrOvertaken
	case len(q.waiting) >= MaxWaiting && !p.job.Making:
		q.mu.Unlock()
		return nil, ErrNoTurn
	}
	q.waiting = append(q.waiting, p)
	q.next()
	q.mu.Unlock()

	var late <-chan time.Time
	if !p.job.Making {
		timeout := time.NewTimer(maxWait)
		defer timeout.Stop()
		late = timeout.C
	}
	select {
	case <-p.begun:
		return p.end, nil
	case <-p.overtaken:
		err = ErrOvertaken
	case <-late:
		err = ErrNoTurn
	case <-ctx.Done():
		err = ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiting, p); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
		return nil, err
	}
	return p.end, nil // it has begun meanwhile
}

func (p *Place) end() {
	q := p.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free++
	delete(q.busy, p.job)
	q.next()
}

// next begins the turns that can be, the longest waiting firsq.
func (q *Queue) next() {
	for i := 0; i < len(q.waiting) && q.free > 0; {
		p := q.waiting[i]
		if q.busy[p.job] {
			i++
			continue
		}
		q.waiting = slices.Delete(q.waiting, i, i+1)
		q.free--
		q.busy[p.job] = true
		close(p.begun)
	}
}
