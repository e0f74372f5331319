package totp

import "slices"

// stepsKept is how many accepted steps before the last one are kept: as many codes can
// be accepted by a clock that is ahead, and others still when it is right again.
const stepsKept = 16

// Used are the time steps whose codes were accepted, so that no code is accepted twice
// (RFC 6238 §5.2). The zero value is none.
type Used struct {
	Last    int64   // the last one, which never goes down
	Earlier []int64 // those before it, the oldest first
}

// Bars reports whether the code of a step was accepted before, or is older than one that
// was. The step is in the window of Match; reach is the farthest step that a clock which
// is right can have accepted.
//
// An accepted step beyond reach bars only itself: a clock that was ahead has accepted it,
// and would have all codes refused until the time comes. What counts then is the last
// accepted step within reach. So no code is accepted twice, whatever the clocks do: each
// step that was accepted and could be asked about now is one of those kept, and not after
// the one that counts; or it is older than all of them, and bars what can't be told apart
// from it.
func (u Used) Bars(step, reach int64) bool {
	if u.Last <= reach {
		return step <= u.Last
	}
	if i, _ := slices.BinarySearch(u.Earlier, reach+1); i > 0 {
		return step <= u.Earlier[i-1]
	}
	return len(u.Earlier) >= stepsKept
}

// With returns the steps after the code of another one was accepted. The oldest are
// forgotten first.
func (u Used) With(step int64) Used {
	steps := append(slices.Clone(u.Earlier), step)
	if u.Last != 0 {
		steps = append(steps, u.Last)
	}
	slices.Sort(steps)
	last := len(steps) - 1
	return Used{Last: steps[last], Earlier: steps[max(0, last-stepsKept):last]}
}
