package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// checkServers returns an error if a server says that it loses accounts.
func checkServers(ctx context.Context, client redis.UniversalClient, noAppendOnly bool) error {
	check := func(ctx context.Context, server redis.Cmdable) error {
		policy, err := setting(ctx, server, "maxmemory-policy")
		if err != nil {
			return err
		}
		appendOnly, err := setting(ctx, server, "appendonly")
		if err != nil {
			return err
		}
		var faults []error
		if strings.HasPrefix(policy, "allkeys-") {
			faults = append(faults, fmt.Errorf("redisstore: maxmemory-policy %q deletes accounts: want noeviction, or one of volatile-*", policy))
		}
		if appendOnly == "no" && !noAppendOnly {
			faults = append(faults, fmt.Errorf("redisstore: appendonly %q loses accounts: want yes, or WithInsecureNoAppendOnly", appendOnly))
		}
		return errors.Join(faults...)
	}
	if cluster, ok := client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return check(ctx, node) })
	}
	return check(ctx, client)
}

// setting returns a setting of the server, or "" where it doesn't tell.
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
