-- Tells a watcher how many writes of a kind were reported in a shard.
--
-- KEYS  2  how many writes of the kind were reported
-- ARGV  2  the watcher's channel
--       3  the shard

return redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. (redis.call('GET', KEYS[2]) or '0'))
