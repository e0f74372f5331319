// Package redisstore keeps eagate's documents in Redis, by go-redis: in one server,
// behind Sentinel, or in a cluster.
//
// Many will want only half of it: accounts in a SQL database, and challenges and
// grants in Redis. That is [NewVolatile] with [store.Split]:
//
//	volatile, err := redisstore.NewVolatile(client)
//	all := store.Split(accounts, volatile)
//
// A Redis that comes back empty then costs users another proof, and all goes on. One
// that comes back with what it held some minutes ago can bring back what was ended or
// used up meanwhile: a login that was logged out, an approval. So let it keep nothing
// (save "" and appendonly no), or everything (appendfsync always).
//
// # Accounts in Redis
//
// [New] keeps the accounts there, too. A user whose account is lost has no second
// factor any more, and a password alone lets anyone in. How much can be lost depends
// on the server's configuration:
//
//   - appendonly must be yes. Snapshots alone (save) lose the minutes since the last
//     one.
//   - appendfsync always loses nothing that was answered. appendfsync everysec,
//     Redis's default, loses the last second when the machine stops: a second factor
//     that was switched on in it is off again, a code that was used in it can be used
//     again, and a login that was ended in it goes on.
//   - maxmemory-policy should be noeviction. One of volatile-* does the same, as
//     nothing here expires. Those of allkeys-* delete accounts to make room.
//   - Replication is asynchronous. A fail-over loses what the new primary hadn't
//     received yet, with the same consequences. min-replicas-to-write and
//     min-replicas-max-lag bound how much, and end the answers of a primary that is
//     cut off from its replicas: a server that refuses writes refuses reads here, too.
//     A replica that may take over needs the same configuration.
//   - replica-read-only must be yes, which is the default.
//
// New checks appendonly, maxmemory-policy and replica-read-only where the server shows
// them, which managed ones often don't.
//
// # When Redis has lost its data
//
// An empty Redis must not look like users without a second factor. So each shard has
// an index of its documents, and in the index a witness: a random value that New
// remembers. Every access checks the witness in the same step, and where a document is
// missing, the index. If one of them doesn't fit, the access fails with [ErrDataLost]
// until the data is restored.
//
// A process that starts on an empty Redis can't tell a loss from a first start: New
// makes new witnesses then, unless [WithExisting] forbids it. Set it on all nodes after
// the first start.
//
// A store of NewVolatile has no witness, and what is missing is missing. It refuses
// accounts and addresses, and all other kinds that must not be lost.
//
// # The primary
//
// Every access is one script that a replica refuses, so that no answer comes from one,
// nor from a primary that was demoted. The error is [store.ErrNotPrimary]. go-redis then
// closes the connection and connects anew: to the primary that Sentinel names, or
// wherever the address leads by then. This was tested with Redis 5.0, 6.2 and 7.0.
//
// Where users of Redis have access lists (ACL), these must allow
// the commands EVAL, EVALSHA, PUBLISH and SUBSCRIBE, those in the scripts, and the channels with the
// prefix.
//
// # Keys
//
// With the default prefix, NN being a shard's number from 00 to 15, and KIND account,
// address, challenge or grant:
//
//	eagate:{NN}:KIND:ID        a document (hash with version, due and body)
//	eagate:{NN}:index          KIND:ID of each document, and the witness (sorted set)
//	eagate:{NN}:due-KIND       the IDs of those that are due some time (sorted set)
//	eagate:{NN}:deleted        the highest version that was deleted
//	eagate:{NN}:reported-KIND  how many writes were reported to those who watch
//	eagate:changed:KIND        the channel of those reports
//	eagate:watch:…             a channel for the heartbeats of each one who watches
//
// A body is JSON, which an operator can read:
//
//	redis-cli --scan --pattern 'eagate:{*}:account:u-42'
//	redis-cli hget 'eagate:{06}:account:u-42' body
//
// Due times and scores are in microseconds since 1970. Nothing expires by Redis's clock;
// eagate deletes what is due. A body that was changed by hand is refused, as its HMAC
// doesn't fit any more. To forget one user by hand, remove the account from the index,
// too, or it counts as lost:
//
//	redis-cli del 'eagate:{06}:account:u-42'
//	redis-cli zrem 'eagate:{06}:index' account:u-42
//	redis-cli zrem 'eagate:{06}:due-account' u-42
//
// To forget everything, stop all nodes, delete all keys with the prefix, and start again
// without WithExisting.
//
// # The client
//
// ContextTimeoutEnabled must be set, or go-redis doesn't heed a context's deadline;
// without it, New returns an error. A client can't be a [redis.Ring], which looks for a
// document on another server when one is down.
//
// A round trip ends after 3 seconds at the latest. These options make faults show
// sooner:
//
//	redis.Options{
//		ContextTimeoutEnabled: true,
//		DialTimeout:           time.Second,     // 5 s by default, for each try
//		DialerRetries:         1,               // 5, 100 ms apart
//		MaxRetries:            1,               // 3, each of which dials anew
//		ReadTimeout:           2 * time.Second, // 5 s, how long a cancelled call may take
//	}
//
// go-redis sends reads again as often as MaxRetries says. A write is sent once, whatever
// MaxRetries says; when it fails, it may have happened or not.
package redisstore
