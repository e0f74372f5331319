package redisstore

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// A version, as it is stored, has a random number behind it that names who wrote
// it: a writer whose answer got lost knows its own. Scripts compare it as a whole,
// and as text: a number of theirs has 53 bits.
func newVersion(n uint64) string {
	return strconv.FormatUint(n, 10) + "." + strconv.FormatUint(rand.Uint64(), 36)
}

// parseVersion returns the number, 0 if there is no version.
func parseVersion(version string) (uint64, error) {
	if version == "" {
		return 0, nil
	}
	n, _, _ := strings.Cut(version, ".")
	return strconv.ParseUint(n, 10, 64)
}
