// Package hashing hashes recovery codes: with Argon2id, a few at once, in an order that is
// fair to all users.
package hashing

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// A Cost is what it takes to hash a recovery code by Argon2id (RFC 9106).
type Cost struct {
	Memory uint32 // in KiB
	Passes uint32
	Lanes  uint8
}

// Default is one of the costs that the OWASP cheat sheet on password storage
// recommends.
var Default = Cost{Memory: 19 * 1024, Passes: 2, Lanes: 1}

// maxCost is the most that a stored scheme may have us spend on one code.
var maxCost = Cost{Memory: 64 * 1024, Passes: 8, Lanes: 4}

const schemeFormat = "argon2id %d %d %d"

// Scheme names the hash, as it is stored beside the hashes.
func (c Cost) Scheme() string { return fmt.Sprintf(schemeFormat, c.Memory, c.Passes, c.Lanes) }

// ParseScheme returns the cost of a scheme, and whether this release can check its hashes.
func ParseScheme(scheme string) (c Cost, ok bool) {
	_, err := fmt.Sscanf(scheme, schemeFormat, &c.Memory, &c.Passes, &c.Lanes)
	return c, err == nil && c.Scheme() == scheme && c.Check() == nil
}

// Check returns an error unless c is a cost that Argon2id can have, and not too high.
func (c Cost) Check() error {
	if c.Lanes < 1 || c.Passes < 1 || c.Memory < 8*uint32(c.Lanes) ||
		c.Lanes > maxCost.Lanes || c.Passes > maxCost.Passes || c.Memory > maxCost.Memory {
		return errors.New("recovery codes can't be hashed as " + c.Scheme())
	}
	return nil
}

// Hash returns the Argon2id hash of a code.
func (c Cost) Hash(code string, salt []byte) []byte {
	return argon2.IDKey([]byte(code), salt, c.Passes, c.Memory, c.Lanes, 32)
}
