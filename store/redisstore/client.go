package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// checkClient returns an error if a store with this client would break its contract.
func checkClient(client redis.UniversalClient) error {
	var timeouts bool
	var read, write time.Duration
	switch c := client.(type) {
	case nil:
		return errors.New("redisstore: client is nil: want one of redis.NewClient, NewFailoverClient or NewClusterClient")
	case *redis.Ring:
		return errors.New("redisstore: client is a Ring, which looks for documents elsewhere when a server is down: want a Client or a ClusterClient")
	case *redis.Client:
		timeouts, read, write = c.Options().ContextTimeoutEnabled, c.Options().ReadTimeout, c.Options().WriteTimeout
	case *redis.ClusterClient:
		timeouts, read, write = c.Options().ContextTimeoutEnabled, c.Options().ReadTimeout, c.Options().WriteTimeout
	default:
		return nil
	}
	var faults []error
	if !timeouts {
		faults = append(faults, errors.New("redisstore: client ignores the deadlines of contexts: want ContextTimeoutEnabled in its options"))
	}
	if read < 0 || write < 0 {
		faults = append(faults, errors.New("redisstore: client sets no deadlines on connections: want ReadTimeout and WriteTimeout above 0"))
	}
	return errors.Join(faults...)
}

// checkServers returns an error if a server's configuration loses documents.
func checkServers(ctx context.Context, client redis.UniversalClient, noAppendOnly bool) error {
	check := func(ctx context.Context, server redis.Cmdable) error {
		var faults []error
		for _, s := range []struct {
			name, fault string // for which values
			problem     string
		}{
			{"maxmemory-policy", "allkeys-", "deletes accounts: want noeviction, or one of volatile-*"},
			{"appendonly", "no", "loses accounts: want yes, or WithInsecureNoAppendOnly"},
			{"replica-read-only", "no", "lets a replica answer for the primary: want yes"},
		} {
			value, err := setting(ctx, server, s.name)
			if err != nil {
				return err
			}
			if strings.HasPrefix(value, s.fault) && !(s.name == "appendonly" && noAppendOnly) {
				faults = append(faults, fmt.Errorf("redisstore: %s %q %s", s.name, value, s.problem))
			}
		}
		return errors.Join(faults...)
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	if cluster, ok := client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return check(ctx, node) })
	}
	return check(ctx, client)
}

// setting returns a setting of the server, or "" if the server refuses to say.
func setting(ctx context.Context, server redis.Cmdable, name string) (string, error) {
	values, err := server.ConfigGet(ctx, name).Result()
	if isReply(err) { // managed servers refuse the command in many ways
		return "", nil
	}
	if err != nil {
		return "", fault(ctx, "asking for "+name, err)
	}
	return values[name], nil
}
