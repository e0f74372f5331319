// Package natsstore keeps eagate's documents in NATS, in one bucket of
// JetStream KV.
//
// # Set-up
//
// A single server has to be NATS 2.9 or later, a cluster 2.12 or later on each
// server: earlier versions let several writers of the same version succeed in a
// bucket with replicas. Connect with [nats.ReconnectBufSize](-1), for otherwise
// writes are sent long after they have failed, and with [nats.MaxReconnects](-1). [New] returns an error that names each of these
// options that is missing. A short [nats.ReconnectWait], such as 100 ms, lets
// calls go on sooner after a break.
//
// New creates the bucket. To make it by hand:
//
//	nats stream add KV_eagate --subjects '$KV.eagate.>' --storage file \
//		--replicas 3 --max-msgs-per-subject 1 --discard new \
//		--no-allow-direct --allow-rollup --deny-delete --defaults
//
// The tool's nats kv add sets --allow-direct, so that servers answer that lag
// behind; New refuses that, as it does a bucket in memory, a history, an age
// after which keys go, a mirror, and whatever else loses accounts. Use
// [WithExisting] once the bucket is there: without it, a program that starts
// after the bucket was lost makes an empty one, in which nobody has a second
// factor.
//
// The program's user needs these permissions, with the bucket's name for
// eagate:
//
//	publish:   $KV.eagate.>  $JS.API.INFO  $JS.API.STREAM.INFO.KV_eagate
//	           $JS.API.STREAM.MSG.GET.KV_eagate  $JS.API.STREAM.PURGE.KV_eagate
//	           $JS.API.CONSUMER.*.KV_eagate.>  $JS.FC.KV_eagate.>
//	subscribe: _INBOX.>
//
// # What is lost
//
// NATS confirms a write before it is on the disk, and syncs every two minutes.
// A single server that loses power loses the accounts of that time, and uses
// their versions again: a Store that has seen them returns errors for its
// writes, but not for its reads, and a program that starts later can't notice.
// A cluster loses them if all its servers lose power together. Set this in each
// server, which takes NATS 2.10 or later:
//
//	jetstream { sync_interval: always }
//
// Three replicas survive the loss of one server. Of two that are lost for good,
// NATS may recover with what the third one had. Backups are made by nats stream
// backup KV_eagate. Stop all programs before a restore, as versions then go
// back. A program that was running while the bucket was deleted, purged,
// restored without its marker, or made anew returns errors until it is started
// again.
//
// # Reads
//
// The leader of the bucket's stream answers all reads, but a server that was
// cut off can take itself for the leader for some seconds. In a bucket with
// replicas, each read therefore begins with a write of a few bytes, which most
// servers have to confirm; without them, reads are errors. Of the moment
// between that write and the answer, one case is left: a server that has lost
// the lead, doesn't know it yet, and answers before the new leader does.
//
// After each call, the bucket's marker is read. So a Get of one document is two
// requests, or three with replicas.
//
// # Due and List
//
// JetStream finds messages by their key alone. Each Store therefore keeps the
// IDs and due times of a kind in memory once Due, DeleteDue or List was called
// for it. The first call reads the headers of
// all documents of the kind, and each later one what has changed since; all of
// them write a message of a few bytes, to know that nothing is missing. With
// 100,000 documents, on one server and two cores, the first call took 0.5 s, a
// later Due 4 ms, DeleteDue of 1000 documents 0.12 s, and the whole List in
// pages of 1000 10 s. Calls of one Store come one after the other.
//
// # For operators
//
// A document's key is its kind and its ID, in which each byte but letters,
// digits, _ and - is = and two hex digits:
//
//	nats kv get eagate account.alice=40example=2Ecom
//	nats kv ls eagate
//
// The body is the value, as it was written. The headers Eagate-Due, in
// microseconds since 1970, and Eagate-Notify are shown by
//
//	nats stream get KV_eagate --last-for '$KV.eagate.account.alice=40example=2Ecom'
//
// Bodies are JSON and have a check sum that needs eagate's key, so that changes
// by hand are refused. Deleting a key by nats kv del takes an account's second
// factor away. The keys marker, barrier and those that end in .= are the
// package's own: don't delete the marker.
package natsstore
