// Package natsstore keeps eagate's documents in NATS, in one bucket of JetStream KV.
//
//	nc, err := nats.Connect(url, nats.ReconnectBufSize(-1), nats.MaxReconnects(-1))
//	…
//	documents, err := natsstore.New(ctx, nc, natsstore.WithReplicas(3))
//	…
//	gate, err := middleware.New(middleware.WithStore(documents), …)
//
// # Set-up
//
// A single server needs NATS 2.9 or later, each server of a cluster 2.12 or later: in
// earlier versions, several writers of the same version can succeed in a bucket with
// replicas. Connect with [nats.ReconnectBufSize](-1), because the client otherwise sends
// failed writes later, and with [nats.MaxReconnects](-1). [New] returns an error for each
// that is missing. A short [nats.ReconnectWait], such as 100 ms, shortens interruptions.
//
// New creates the bucket. To create it by hand:
//
//	nats stream add KV_eagate --subjects '$KV.eagate.>' --storage file \
//		--replicas 3 --max-msgs-per-subject 1 --discard new \
//		--no-allow-direct --allow-rollup --deny-delete --defaults
//
// The tool's nats kv add sets --allow-direct, with which servers that lag answer reads;
// New refuses that, as well as a bucket in memory, a history, an expiry of keys, a
// mirror, and other settings that lose accounts. Use [WithExisting] once the bucket
// exists: without it, a program that starts after the bucket was lost creates an empty
// one, in which nobody has a second factor.
//
// The program's user needs these permissions, with the bucket's name for eagate:
//
//	publish:   $KV.eagate.>  $JS.API.INFO  $JS.API.STREAM.INFO.KV_eagate
//	           $JS.API.STREAM.MSG.GET.KV_eagate  $JS.API.STREAM.PURGE.KV_eagate
//	           $JS.API.CONSUMER.*.KV_eagate.>  $JS.FC.KV_eagate.>
//	subscribe: _INBOX.>
//
// # Data loss
//
// NATS confirms a write before it is on disk, and syncs every two minutes. If a single
// server loses power, the accounts of that time are lost and their versions are used
// again: a Store that has seen them returns errors for its writes, but not for its reads,
// and a program that starts later can't detect it. A cluster loses them if all its
// servers lose power together. To prevent that, set this in each server (NATS 2.10 or
// later):
//
//	jetstream { sync_interval: always }
//
// Three replicas survive the loss of one server. If two are lost permanently, NATS may
// continue with the data of the third. Use nats stream backup KV_eagate for backups. Stop
// all programs before a restore, because it restores earlier versions. If the bucket was
// deleted, purged, created again, or restored without its marker while a program was
// running, the program returns errors until it is restarted.
//
// # Reads
//
// The leader of the bucket's stream answers all reads, but a server that was cut off may
// believe for some seconds that it is the leader. In a bucket with replicas, each read
// therefore starts with a write of a few bytes, which a majority of the servers must
// confirm; without a majority, reads are errors. One case between that write and the
// response remains: a server that is no longer the leader, doesn't know it yet, and
// responds before the new leader does.
//
// After each call, the bucket's marker is read. So a Get of one document takes two
// requests, or three with replicas.
//
// # Due and List
//
// JetStream finds messages only by key. Each Store therefore caches the IDs and due times
// of a kind after the first call of Due, DeleteDue or List for it. The first call reads
// the headers of all documents of the kind, and each later one the changes since; every
// call writes a message of a few bytes, to know that it has read everything. With 100,000
// documents, on one server and two cores, the first call took 0.5 s, a later Due 4 ms,
// DeleteDue of 1000 documents 0.12 s, and a whole List in pages of 1000 10 s. A Store
// makes one such call at a time.
//
// # For operators
//
// A document's key is its kind and its ID, with each byte except letters, digits, _ and -
// as = and two hex digits:
//
//	nats kv get eagate account.alice=40example=2Ecom
//	nats kv ls eagate
//
// The value is the body. The headers Eagate-Due, in microseconds since 1970, and
// Eagate-Notify are shown by
//
//	nats stream get KV_eagate --last-for '$KV.eagate.account.alice=40example=2Ecom'
//
// Bodies are JSON with an HMAC under eagate's key, so changes by hand are refused. If you
// delete a key with nats kv del, an account loses its second factor. The keys marker,
// barrier and those that end in .= are the package's own: don't delete the marker.
package natsstore
