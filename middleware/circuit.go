package middleware

import (
	"log/slog"

	"github.com/eagate/eagate/client"
)

// logCircuit logs, once for all users, that the service isn't asked any more, and that
// it is again.
func (g *Gate) logCircuit(change client.CircuitChange) {
	calls := slog.String("calls", change.Calls)
	if !change.Open {
		g.log.Info("eagate: the service answers again", calls, slog.Duration("failed_for", change.Was))
		return
	}
	g.log.Error("eagate: the service is unavailable and isn't asked for a while; users sign in with codes, and what it must be told is told later",
		calls, slog.Duration("pause", change.Pause), slog.Any("error", change.Err),
		slog.String("remedy", "see whether its address can be reached from this machine (DNS, firewall, TLS), "+
			"and whether this machine's IP address is registered in the Console"))
}
