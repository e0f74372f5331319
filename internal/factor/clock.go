package factor

import "time"

// clockSkew is how far another node's clock may be ahead of this one's.
const clockSkew = 5 * time.Second

// An instant is a moment by both clocks of a machine. The wall clock can be set, in
// either direction; the monotonic one stands still while the machine is suspended.
type instant struct {
	wall    time.Time
	elapsed time.Duration // monotonic, since some moment of this process
}

// instant returns this moment.
func (r *Rules) instant() instant { return instant{r.cfg.Now(), r.cfg.Elapsed()} }

// within reports whether less than d has passed from then to now, by the clock that
// went on further. By a clock that has gone back it can't be known, and isn't.
func (then instant) within(d time.Duration, now instant) bool {
	wall, elapsed := now.wall.Sub(then.wall), now.elapsed-then.elapsed
	return wall >= 0 && elapsed >= 0 && max(wall, elapsed) < d
}

// setSince is how far the wall clock was set between the two moments: ahead, or back
// if it is negative.
func (now instant) setSince(then instant) time.Duration {
	return now.wall.Sub(then.wall) - (now.elapsed - then.elapsed)
}

// active reports whether what ends at until, and never lasts longer than that, is active
// now. What ends later was written by a clock that was ahead: believed, it would restrict
// or permit something for days.
func active(until, now time.Time, longest time.Duration) bool {
	return now.Before(until) && !until.After(now.Add(longest+clockSkew))
}

// backoff returns the first pause doubled n times, but not more than the longest; no pause
// for a negative n.
func backoff(first, longest time.Duration, n int) time.Duration {
	if n < 0 {
		return 0
	}
	return min(first<<min(n, 20), longest) // 20: without an overflow
}

// ahead reports whether what permits something seems to have happened later than
// now: it is a clock that was ahead that says so, and how old it is can't be known.
func ahead(t, now time.Time) bool { return t.After(now.Add(clockSkew)) }
