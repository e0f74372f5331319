-- Tells a watcher how many writes of the kind were reported in the shard.
--
-- ARGV  5  the watcher's channel

return answer(redis.call('PUBLISH', ARGV[5], shard .. ' ' .. (redis.call('GET', reported) or 0)))
