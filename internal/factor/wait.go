package factor

import "sync"

// waiters wakes the pages on this node that wait for a challenge. Other nodes
// look into the store.
type waiters struct {
	mu sync.Mutex
	by map[string]map[chan struct{}]struct{}
}

// Wait returns a channel that is signalled when the challenge changes on this
// node. stop must be called when it is no longer needed.
func (r *Rules) Wait(challengeID string) (changed <-chan struct{}, stop func()) {
	w := &r.waiting
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = make(map[string]map[chan struct{}]struct{})
	}
	if w.by[challengeID] == nil {
		w.by[challengeID] = make(map[chan struct{}]struct{})
	}
	w.by[challengeID][ch] = struct{}{}
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.by[challengeID], ch)
		if len(w.by[challengeID]) == 0 {
			delete(w.by, challengeID)
		}
	}
}

func (w *waiters) wake(challengeID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.by[challengeID] {
		select {
		case ch <- struct{}{}:
		default: // it is awake already
		}
	}
}
