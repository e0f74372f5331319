// Package redisstore keeps eagate's documents in Redis, by go-redis: in one server,
// behind Sentinel, or in a cluster.
//
// Most applications keep only challenges and grants in Redis, and accounts in a SQL
// database. That is [NewVolatile] with [store.Split]:
//
//	volatile, err := redisstore.NewVolatile(client)
//	all := store.Split(accounts, volatile)
//
// If such a Redis restarts empty, users prove their second factor again. If it restarts
// with the data of some minutes ago, a login that has ended since or an approval that
// has been used since is valid again. So persist either nothing (save "" and appendonly
// no) or everything (appendfsync always).
//
// # Accounts in Redis
//
// [New] keeps accounts in Redis, too. A user whose account is lost has no second
// factor, and a password alone is enough to sign in. How much can be lost depends on
// the server's configuration:
//
//   - appendonly must be yes. Snapshots alone (save) lose the minutes since the last
//     one.
//   - appendfsync always loses no confirmed write. appendfsync everysec, Redis's
//     default, loses the last second when the machine stops: a second factor that was
//     switched on during it is off, a code that was used can be used again, and a
//     login that was ended is valid again.
//   - maxmemory-policy should be noeviction. The volatile-* policies have the same
//     effect, because no key here has an expiry. The allkeys-* policies delete accounts.
//   - Replication is asynchronous. A fail-over loses the writes that the new primary
//     hadn't received, with the same consequences. min-replicas-to-write and
//     min-replicas-max-lag limit the loss, and stop a primary that is cut off from its
//     replicas: a server that refuses writes also refuses the reads of this package.
//     Replicas that may take over need the same configuration.
//   - replica-read-only must be yes, which is the default.
//
// New checks appendonly, maxmemory-policy and replica-read-only where the server reveals
// them. Managed servers often don't.
//
// # Data loss
//
// An empty Redis must not look like users without a second factor. Each shard therefore
// has an index of its documents, which also holds a loss marker: a random value that New
// reads and remembers. Every access checks the loss marker in the same script, and
// checks the index for a document that is missing. If the marker is another one or the
// index lists the document, the access fails with [ErrDataLost] until the data is
// restored.
//
// A process that starts on an empty Redis can't distinguish a loss from a first start:
// New then creates new loss markers, unless [WithExisting] is set. Set it on all nodes
// after the first start.
//
// A store of NewVolatile has no loss markers. It refuses accounts, addresses and all
// other kinds that must not be lost.
//
// # The primary
//
// Every access is one script that replicas refuse, so neither a replica nor a demoted
// primary answers. The error is [store.ErrNotPrimary]. go-redis then closes the
// connection and opens another one, to the primary that Sentinel names or to the
// server that the address now leads to. This was tested with Redis 5.0, 6.2 and 7.0.
//
// With access control lists (ACL), the user needs the commands EVAL, EVALSHA, PUBLISH
// and SUBSCRIBE, the commands in the scripts, and the channels with the prefix.
//
// # Keys
//
// With the default prefix, NN being a shard's number from 00 to 15, and KIND account,
// address, challenge or grant:
//
//	eagate:{NN}:KIND:ID        a document (hash with version, due and body)
//	eagate:{NN}:index          KIND:ID of each document, and the loss marker (sorted set)
//	eagate:{NN}:due-KIND       the IDs of documents with a due time (sorted set)
//	eagate:{NN}:deleted        the highest version that was deleted
//	eagate:{NN}:reported-KIND  the number of writes reported to watchers
//	eagate:changed:KIND        the channel of those reports
//	eagate:watch:…             the channel of one watcher's heartbeats
//
// A body is JSON:
//
//	redis-cli --scan --pattern 'eagate:{*}:account:u-42'
//	redis-cli hget 'eagate:{06}:account:u-42' body
//
// Due times and scores are in microseconds since 1970. No key has an expiry; eagate
// deletes documents that are due. A body that was changed by hand is refused, because
// its HMAC is wrong. To delete a user by hand, remove the account from the index, too;
// otherwise it counts as lost:
//
//	redis-cli del 'eagate:{06}:account:u-42'
//	redis-cli zrem 'eagate:{06}:index' account:u-42
//	redis-cli zrem 'eagate:{06}:due-account' u-42
//
// To delete everything, stop all nodes, delete all keys with the prefix, and start again
// without WithExisting.
//
// # The client
//
// ContextTimeoutEnabled must be set, or go-redis ignores the deadlines of contexts; New
// returns an error without it. The client must not be a [redis.Ring], which looks for
// documents on another server when one is down.
//
// A round trip takes at most 3 seconds. These options detect faults sooner:
//
//	redis.Options{
//		ContextTimeoutEnabled: true,
//		DialTimeout:           time.Second,     // 5 s by default, for each try
//		DialerRetries:         1,               // 5, 100 ms apart
//		MaxRetries:            1,               // 3, each of which dials again
//		ReadTimeout:           2 * time.Second, // 5 s, how long a cancelled call may take
//	}
//
// go-redis retries reads as MaxRetries says. Writes are never retried; one that failed
// may have happened.
package redisstore
