package redisstore

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"time"

	"github.com/eagate/eagate/store"
)

// shards is how many parts the documents are in, each in one slot of a cluster.
// It stays: with another number, documents would be looked for where they aren't.
const shards = 16

func shardOf(id string) int { return int(crc32.ChecksumIEEE([]byte(id)) % shards) }

// keys returns what begins the keys of each shard. What stands in braces decides
// which slot a key is in.
func shardKeys(prefix string) (keys [shards]string) {
	for n := range keys {
		keys[n] = fmt.Sprintf("%s{%02d}:", prefix, n)
	}
	return keys
}

func (s *Store) key(shard int, name string) string { return s.shards[shard] + name }

// The names of keys, behind a shard's. They don't clash, as a kind has letters only.

func member(kind store.Kind, id string) string { return string(kind) + ":" + id } // also of the index
func dueName(kind store.Kind) string           { return "due-" + string(kind) }
func reportedName(kind store.Kind) string      { return "reported-" + string(kind) }

// channel is where writes of a kind are reported.
func (s *Store) channel(kind store.Kind) string { return s.prefix + "changed:" + string(kind) }

// The times that Redis can order to the microsecond are those of 53 bits.
var (
	earliest = time.UnixMicro(-1 << 53)
	latest   = time.UnixMicro(1 << 53)
)

// formatDue returns a due time in microseconds since 1970, or "" if it is zero.
func formatDue(due time.Time) (string, error) {
	switch {
	case due.IsZero():
		return "", nil
	case due.Before(earliest), due.After(latest):
		return "", fmt.Errorf("redisstore: due at %v: want %d to %d", due, earliest.Year()+1, latest.Year()-1)
	}
	return strconv.FormatInt(due.UnixMicro(), 10), nil
}

// formatNow returns a time in microseconds since 1970, or the next that can be due.
func formatNow(now time.Time) string {
	if now.Before(earliest) {
		now = earliest.Add(-time.Microsecond)
	} else if now.After(latest) {
		now = latest
	}
	return strconv.FormatInt(now.UnixMicro(), 10)
}

func formatVersion(version uint64) string { return strconv.FormatUint(version, 10) }
