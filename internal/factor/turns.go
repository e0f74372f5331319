package factor

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// hashesAtOnce bounds the memory that strangers can have us use.
	hashesAtOnce = 2

	// turnsWaiting bounds the users that wait for a turn, and turnWait how long: but for
	// those that have given a proof for it, which is used up.
	turnsWaiting = 256
	turnWait     = 5 * time.Second
)

var (
	errOvertaken = errors.New("factor: a later request of the same user has taken the turn")
	errNoTurn    = errors.New("factor: too many users wait for a turn")
)

// turns share hashing among users. A job has one turn at once, however many
// requests there are for it, and gets the next one after all others that wait: no
// user waits for more than one hash of each other user's jobs.
type turns struct {
	mu      sync.Mutex
	free    int
	places  map[job]*place // of each job's latest request
	busy    map[job]bool
	waiting []*place
}

// A job is what hashes are made for.
type job struct {
	userID string
	making bool // of new codes, or else checking one
}

// A place is that of a request in the turns. It is not for concurrent use.
type place struct {
	turns     *turns
	job       job
	overtaken chan struct{} // closed by a later request
	begun     chan struct{} // closed when its turn begins
}

func newTurns() *turns {
	return &turns{free: hashesAtOnce, places: make(map[job]*place), busy: make(map[job]bool)}
}

// join gives a request its place, until leave is called. An earlier request for the
// same job loses its own; a turn that has begun goes on.
func (t *turns) join(j job) *place {
	p := &place{turns: t, job: j, overtaken: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	if former := t.places[j]; former != nil {
		close(former.overtaken)
	}
	t.places[j] = p
	return p
}

func (p *place) leave() {
	p.turns.mu.Lock()
	defer p.turns.mu.Unlock()
	if p.turns.places[p.job] == p {
		delete(p.turns.places, p.job)
	}
}

// full reports whether so many users wait that no more may.
func (t *turns) full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) >= turnsWaiting
}

// take waits for a turn, which end ends. Its error is errOvertaken, the context's or,
// unless new codes are to be made, errNoTurn.
func (p *place) take(ctx context.Context) (end func(), err error) {
	t := p.turns
	p.begun = make(chan struct{})
	t.mu.Lock()
	switch {
	case t.places[p.job] != p:
		t.mu.Unlock()
		return nil, errOvertaken
	case len(t.waiting) >= turnsWaiting && !p.job.making:
		t.mu.Unlock()
		return nil, errNoTurn
	}
	t.waiting = append(t.waiting, p)
	t.next()
	t.mu.Unlock()

	var late <-chan time.Time
	if !p.job.making {
		timeout := time.NewTimer(turnWait)
		defer timeout.Stop()
		late = timeout.C
	}
	select {
	case <-p.begun:
		return p.end, nil
	case <-p.overtaken:
		err = errOvertaken
	case <-late:
		err = errNoTurn
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting, p); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
		return nil, err
	}
	return p.end, nil // it has begun meanwhile
}

func (p *place) end() {
	t := p.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free++
	delete(t.busy, p.job)
	t.next()
}

// next begins the turns that can be, the longest waiting first.
func (t *turns) next() {
	for i := 0; i < len(t.waiting) && t.free > 0; {
		p := t.waiting[i]
		if t.busy[p.job] {
			i++
			continue
		}
		t.waiting = slices.Delete(t.waiting, i, i+1)
		t.free--
		t.busy[p.job] = true
		close(p.begun)
	}
}
