// Package nodes_test tries applications of several nodes: the demo as processes
// on private databases, which are killed and restarted while users log in, and
// nodes within the test that outlast an outage of the service.
package nodes_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// A seed decides what a test does at random.
type seed uint64

// newSeed returns another seed each time. What an earlier one has done is done
// again if EAGATE_SEED has it.
func newSeed(t *testing.T) seed {
	t.Helper()
	n := rand.Uint64()
	if text := os.Getenv("EAGATE_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("EAGATE_SEED: %v", err)
		}
	}
	t.Logf("EAGATE_SEED=%d makes the same choices", n)
	return seed(n)
}

// round returns the choices of one round, whatever went on in those before.
func (s seed) round(i int) *rand.Rand { return rand.New(rand.NewPCG(uint64(s), uint64(i))) }
