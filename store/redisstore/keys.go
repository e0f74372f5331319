package redisstore

import (
	"fmt"
	"hash/crc32"
)

// shards is how many parts the accounts are in, each in one slot of a cluster.
// It stays: with another number, accounts would be looked for where they aren't.
const shards = 16

func shardOf(userID string) int {
	return int(crc32.ChecksumIEEE([]byte(userID)) % shards)
}

// keys names everything that is kept.
type keys struct{ prefix string }

func (k keys) shard(n int, name string) string {
	// What stands in braces decides which slot the key is in.
	return fmt.Sprintf("%s{%02d}:%s", k.prefix, n, name)
}

func (k keys) witness(shard int) string  { return k.shard(shard, "witness") }
func (k keys) accounts(shard int) string { return k.shard(shard, "accounts") }
func (k keys) late(shard int) string     { return k.shard(shard, "late") }

func (k keys) account(userID string) string {
	return k.shard(shardOf(userID), "account:"+userID)
}

func (k keys) challenge(id string) string { return k.prefix + "challenge:" + id }
func (k keys) grant(id string) string     { return k.prefix + "grant:" + id }
