package factor

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// A Cost is what it takes to hash a recovery code by Argon2id (RFC 9106). The zero
// Cost stands for the real one.
type Cost struct {
	Memory uint32 // in KiB
	Passes uint32
	Lanes  uint8
}

// realCost is one of those that the OWASP cheat sheet on password storage
// recommends.
var realCost = Cost{Memory: 19 * 1024, Passes: 2, Lanes: 1}

// The most that a stored scheme may have us spend on one code.
var mostCost = Cost{Memory: 64 * 1024, Passes: 8, Lanes: 4}

const argon2id = "argon2id %d %d %d"

// scheme is the name of the hash, as it is stored beside the hashes.
func (c Cost) scheme() string { return fmt.Sprintf(argon2id, c.Memory, c.Passes, c.Lanes) }

// parseScheme reports whether this release can check hashes of that scheme.
func parseScheme(scheme string) (c Cost, ok bool) {
	_, err := fmt.Sscanf(scheme, argon2id, &c.Memory, &c.Passes, &c.Lanes)
	return c, err == nil && c.scheme() == scheme && c.check() == nil
}

// check returns an error unless c is a cost that Argon2id has.
func (c Cost) check() error {
	if c.Lanes < 1 || c.Passes < 1 || c.Memory < 8*uint32(c.Lanes) ||
		c.Lanes > mostCost.Lanes || c.Passes > mostCost.Passes || c.Memory > mostCost.Memory {
		return errors.New("factor: recovery codes can't be hashed as " + c.scheme())
	}
	return nil
}

// Hash returns the Argon2id hash of a code.
func (c Cost) Hash(code string, salt []byte) []byte {
	return argon2.IDKey([]byte(code), salt, c.Passes, c.Memory, c.Lanes, 32)
}
