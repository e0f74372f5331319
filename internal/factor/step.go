package factor

import (
	"slices"
	"time"

	"github.com/eagate/eagate/internal/records"
)

// stepsKept is how many accepted steps before the last one an account remembers: as
// many codes can be accepted by a clock that is ahead, and others still when it is
// right again.
const stepsKept = 16

// stepOf returns the time step of that moment (RFC 6238 §4.2).
func stepOf(now time.Time, period time.Duration) int64 {
	return now.Unix() / int64(period/time.Second)
}

// isUsed reports whether the code of a step of acct's factor in force was accepted
// before, or is older than one that was (RFC 6238 §5.2). The step is in the window.
//
// An accepted step that lies further ahead than an hour bars only itself: a clock
// that was ahead has accepted it, and would have all codes refused until the time
// comes. It is then the last accepted step that isn't so far ahead which counts. So
// no code is accepted twice, whatever the clocks do: each step that was accepted and
// could be asked about now is one of those remembered, and not after the one that
// counts; or it is older than all of them, and bars what can't be told apart from it.
func isUsed(acct *records.Account, step int64, now time.Time) bool {
	reach := stepOf(now.Add(longestPause), acct.Factor.Period)
	if acct.LastStep <= reach {
		return step <= acct.LastStep
	}
	if i, _ := slices.BinarySearch(acct.EarlierSteps, reach+1); i > 0 {
		return step <= acct.EarlierSteps[i-1]
	}
	return len(acct.EarlierSteps) >= stepsKept
}

// acceptStep notes that the code of a step was accepted. The last step never goes
// down, and of the others the oldest are forgotten first.
func acceptStep(acct *records.Account, step int64) {
	steps := append(slices.Clone(acct.EarlierSteps), step)
	if acct.LastStep != 0 {
		steps = append(steps, acct.LastStep)
	}
	slices.Sort(steps)
	last := len(steps) - 1
	acct.LastStep, acct.EarlierSteps = steps[last], steps[max(0, last-stepsKept):last]
}
