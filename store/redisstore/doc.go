// Package redisstore keeps eagate's records in Redis, by go-redis: in one
// server, behind Sentinel, or in a cluster.
//
// Many will want only half of it: accounts in a SQL database, where nothing is
// lost, and challenges and grants in Redis, which is quick and forgets by
// itself. That is [NewVolatile] and [store.Split]:
//
//	volatile, err := redisstore.NewVolatile(client)
//	all := store.Split(accounts, volatile)
//
// A Redis that comes back empty costs users another proof, and all goes on. One
// that comes back with what it held some minutes ago can bring back what was ended
// or used up meanwhile: a login that was logged out, an approval. So let it keep
// nothing (save "" and appendonly no), or everything (appendfsync always).
//
// # Accounts in Redis
//
// [New] keeps the accounts there, too. A user whose account is lost has no
// second factor any more, and a password alone lets anyone in. How much can be
// lost is a matter of the server's configuration:
//
//   - appendonly yes is a must. Snapshots alone (save) lose the minutes since
//     the last one.
//   - appendfsync always loses nothing that was answered. appendfsync everysec,
//     Redis's default, loses the last second when the machine stops: a second
//     factor that was switched on in it is off again, a code that was used in it
//     can be used again, and a login that was ended in it goes on.
//   - maxmemory-policy noeviction, or one of volatile-*. The policies of allkeys-*
//     delete accounts to make room.
//   - Replication is asynchronous. A fail-over loses what the new primary hadn't
//     got yet, with the same consequences; min-replicas-to-write and
//     min-replicas-max-lag bound how much. A replica that takes over must have
//     the same configuration.
//
// New looks at appendonly and maxmemory-policy where the server lets it, which
// managed ones often don't.
//
// # When Redis has lost its data
//
// An empty Redis must not pass for users without a second factor. So each shard
// of the accounts holds a witness, a random value that New remembers, and every
// access to an account checks it in the same step; an index says which accounts
// there are. Where the one or the other doesn't fit, the access fails with
// [ErrDataLost], until the data is restored.
//
// A process that starts on an empty Redis can't tell a loss from a first start:
// New makes new witnesses then, unless [WithExisting] forbids it. Who keeps
// accounts in Redis should set that after the first start, and on all nodes.
//
// # Keys
//
// With the default prefix, and NN a shard's number from 00 to 15:
//
//	eagate:{NN}:account:USER  an account (hash)
//	eagate:{NN}:accounts      the IDs of the shard's accounts (sorted set)
//	eagate:{NN}:late          those that the service has yet to hear of, by the
//	                          microsecond in which they are due (sorted set)
//	eagate:{NN}:witness       the shard's witness (string)
//	eagate:challenge:ID       a challenge (hash, expires at its ForgetAt)
//	eagate:grant:ID           a grant (hash, expires at its ExpiresAt)
//
// Each field of a hash is one value, as text, and missing or empty if it is zero:
// numbers are decimal, times are in UTC as RFC 3339 has them, so that an operator
// can read them, with up to six decimals; durations are in seconds, and lists and
// the like JSON. A version has a random number behind it, which names its writer.
// Nodes of different releases can share the data: each writes only the fields
// that a change has touched.
//
// What expires does so by the clock of Redis. To forget a user, delete the account
// and remove the ID from both sorted sets.
//
// # The client
//
// A client must not read from replicas or from a cache of its own, where the
// newest may not be yet; and it can't be a [redis.Ring], which looks for a record
// on another server when one is down. What a client does about a broken
// connection is its own affair, but for writes, which this package repeats.
//
// By default go-redis looks at the context before a command, and then waits for
// the answer as long as ReadTimeout says; ContextTimeoutEnabled has it stop at
// the context's deadline as well.
package redisstore
