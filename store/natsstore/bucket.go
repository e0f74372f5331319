package natsstore

import (
	"fmt"

	"github.com/eagate/eagate/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// maxMessage is the size of the largest message: a body and headers.
const maxMessage = store.MaxBody + 1024

// newBucket returns the configuration of a new bucket.
func newBucket(bucket string, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              "KV_" + bucket,
		Description:       "eagate: accounts and their second factors",
		Subjects:          []string{"$KV." + bucket + ".>"},
		Storage:           jetstream.FileStorage,
		Replicas:          replicas,
		Discard:           jetstream.DiscardNew,
		MaxMsgsPerSubject: 1,
		MaxMsgs:           -1,
		MaxBytes:          -1,
		MaxConsumers:      -1,
		MaxMsgSize:        -1,
		DenyDelete:        true,
		AllowRollup:       true,
	}
}

// connectionFaults returns the faults of a connection and its server.
func connectionFaults(nc *nats.Conn, replicas int) []error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf("natsstore: "+format, args...))
		}
	}
	fault(nc.Opts.ReconnectBufSize >= 0, "the connection keeps writes while it is broken, and sends them later: connect with nats.ReconnectBufSize(-1)")
	fault(!nc.Opts.AllowReconnect || nc.Opts.MaxReconnect >= 0, "the connection gives up after a while: connect with nats.MaxReconnects(-1), without nats.NoReconnect")
	fault(!nc.HeadersSupported(), "the server has no headers: use NATS 2.9 or later")
	// In earlier versions, several writers of the same version can succeed in a bucket
	// with replicas: seen with 2.9.10, and not with 2.12.1.
	var major, minor int
	_, err := fmt.Sscanf(nc.ConnectedServerVersion(), "%d.%d", &major, &minor)
	fault(replicas > 1 && (err != nil || major < 2 || major == 2 && minor < 12), "the server has version %s, which loses writes in a bucket with replicas: use NATS 2.12 or later, or WithReplicas(1)", nc.ConnectedServerVersion())
	fault(nc.MaxPayload() < maxMessage, "the server takes messages of %d bytes: set its max_payload to %d or more", nc.MaxPayload(), maxMessage)
	return faults
}

// bucketFaults returns the faults of a bucket's configuration.
func bucketFaults(bucket string, replicas int, c jetstream.StreamConfig) []error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf("natsstore: bucket %q "+format, append([]any{bucket}, args...)...))
		}
	}
	if c.Mirror != nil || len(c.Sources) > 0 {
		// The other settings of a copy don't matter.
		fault(true, "is a copy of another one, and lags behind: name the original by WithBucket")
		return faults
	}
	fault(len(c.Subjects) != 1 || c.Subjects[0] != "$KV."+bucket+".>", "has the subjects %q: make it with $KV.%s.> alone", c.Subjects, bucket)
	fault(c.Storage != jetstream.FileStorage, "is kept in memory: make it anew with file storage")
	fault(c.Replicas != replicas, "has %d replicas: set %d, or say so by WithReplicas", c.Replicas, replicas)
	fault(c.MaxMsgsPerSubject != 1, "has a history of %d: set 1", c.MaxMsgsPerSubject)
	fault(c.MaxAge != 0, "forgets accounts after %v: set the TTL (max age) to 0", c.MaxAge)
	fault(c.Retention != jetstream.LimitsPolicy, "has the retention %v: make it anew with limits", c.Retention)
	fault(c.Discard != jetstream.DiscardNew || c.DiscardNewPerSubject, "drops old accounts when it is full, or refuses changes: set the discard policy to new, not per subject")
	fault(c.MaxMsgSize >= 0 && c.MaxMsgSize < maxMessage, "takes values of %d bytes: set the maximum value size to -1, or %d or more", c.MaxMsgSize, maxMessage)
	fault(c.MaxConsumers > 0, "allows %d consumers: set -1", c.MaxConsumers)
	fault(c.NoAck, "doesn't confirm writes: set no_ack to false")
	fault(c.DenyPurge || c.Sealed, "refuses to delete: make it anew without deny_purge, and don't seal it")
	fault(c.AllowDirect, "is read from servers that lag: unset allow_direct (nats stream edit KV_%s --no-allow-direct)", bucket)
	fault(c.RePublish != nil, "copies all bodies to other subjects: unset republish")
	fault(c.SubjectTransform != nil, "renames its keys: unset the subject transform")
	return faults
}
