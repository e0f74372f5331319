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
	places  map[Job]*place // of each job's latest request
	busy    map[Job]bool
	waiting []*place
}

// A Job is what hashes are made for.
type Job struct {
	UserID string
	Making bool // of new codes, or else checking one
}

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	return &Queue{free: AtOnce, places: make(map[Job]*place), busy: make(map[Job]bool)}
}

// Full reports whether so many users wait that no more may.
func (q *Queue) Full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) >= MaxWaiting
}

// Do calls turn, in a turn of its own each time, with 0, 1 and so on up to the number of
// turns, until that returns an error. A later request for the same job ends an earlier
// one, but for a turn that has begun, with ErrOvertaken. Other errors are the context's
// and, unless new codes are made, ErrNoTurn.
func (q *Queue) Do(ctx context.Context, job Job, turns int, turn func(n int) error) error {
	p := q.join(job)
	defer p.leave()
	for n := range turns {
		if err := p.run(ctx, n, turn); err != nil {
			return err
		}
	}
	return nil
}

// A place is that of a request in the queue.
type place struct {
	queue     *Queue
	job       Job
	overtaken chan struct{} // closed by a later request
	begun     chan struct{} // closed when its turn begins
}

// join gives a request its place, until leave is called. An earlier request for the
// same job loses its own; a turn that has begun goes on.
func (q *Queue) join(j Job) *place {
	p := &place{queue: q, job: j, overtaken: make(chan struct{})}
	q.mu.Lock()
	defer q.mu.Unlock()
	if earlier := q.places[j]; earlier != nil {
		close(earlier.overtaken)
	}
	q.places[j] = p
	return p
}

func (p *place) leave() {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	if p.queue.places[p.job] == p {
		delete(p.queue.places, p.job)
	}
}

// run calls turn in a turn of its own.
func (p *place) run(ctx context.Context, n int, turn func(n int) error) error {
	if err := p.take(ctx); err != nil {
		return err
	}
	defer p.end()
	return turn(n)
}

// take waits for a turn, which end ends.
func (p *place) take(ctx context.Context) (err error) {
	q := p.queue
	p.begun = make(chan struct{})
	q.mu.Lock()
	switch {
	case q.places[p.job] != p:
		q.mu.Unlock()
		return ErrOvertaken
	case len(q.waiting) >= MaxWaiting && !p.job.Making:
		q.mu.Unlock()
		return ErrNoTurn
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
		return nil
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
		return err
	}
	return nil // it has begun meanwhile
}

func (p *place) end() {
	q := p.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free++
	delete(q.busy, p.job)
	q.next()
}

// next begins the turns that can be, the longest waiting first.
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
