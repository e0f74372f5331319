package storetest

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// race calls f for n racers at once, and returns the first error.
func race(n int, f func(i int, c *crowd) error) error {
	var (
		wg    sync.WaitGroup
		start = make(chan struct{})
		errs  = make(chan error, n)
		c     crowd
	)
	for i := range n {
		wg.Go(func() {
			<-start
			if err := f(i, &c); err != nil {
				errs <- err
			}
		})
	}
	close(start)
	wg.Wait()
	close(errs)
	return <-errs
}

// A crowd makes changes overlap: the first waits, between its reading and its
// writing, until a second has read too. A store that lets in only one at a time
// would keep it waiting for ever, so it gives up after a while.
type crowd struct {
	entered atomic.Int32
}

func (c *crowd) meet() {
	if c.entered.Add(1) > 1 {
		return
	}
	for range 1000 {
		if c.entered.Load() > 1 {
			return
		}
		runtime.Gosched()
	}
}
