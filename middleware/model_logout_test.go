package middleware_test

import (
	"fmt"
	"testing"
	"time"
)

// TestA15_LogoutWhileASessionIsRenewed logs out under the session's former ID, on another
// node, at each access to the store of a request that unlocks the session: it doesn't go
// on, logged in, under its new ID.
func TestA15_LogoutWhileASessionIsRenewed(t *testing.T) {
	t.Parallel()
	logout := &step{Op: opLogout, Node: 1}
	after := []step{{Op: opTime, D: 30 * time.Second}, {Op: opCode}, {Op: opPage}}
	for name, steps := range map[string][]step{
		"approval":         {{Op: opChallenge}, {Op: opApprove, Node: 1}, {Op: opPage, Meanwhile: logout}},
		"code":             {{Op: opChallenge}, {Op: opCode, Meanwhile: logout}},
		"code, not pushed": {{Op: opCode, Meanwhile: logout}},
	} {
		for at := 1; at < 16; at++ {
			t.Run(fmt.Sprint(name, at), func(t *testing.T) {
				t.Parallel()
				walk := append([]step(nil), steps...)
				walk[len(walk)-1].HoldAt = at
				if fault := walkOnce(t, walkConfig{Rejection: true}, append(walk, after...)); fault != "" {
					t.Error(fault)
				}
			})
		}
	}
}
