//go:build linux

package nodes_test

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/eagate/eagate/internal/expect"
)

// freePort returns a port of the loopback address that a program can go away
// from and come back to: one below those that the kernel gives to connections,
// of which each could take it meanwhile.
func freePort(t *testing.T) string {
	t.Helper()
	const lowest, highest = 10_000, 32_000
	for range 100 {
		port := strconv.Itoa(lowest + rand.IntN(highest-lowest))
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		expect.NoError(t, l.Close())
		return port
	}
	t.Fatal("no free port")
	return ""
}

func loopback(port string) string { return net.JoinHostPort("127.0.0.1", port) }
