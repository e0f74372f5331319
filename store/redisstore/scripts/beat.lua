-- Sends a watcher the number of writes of the kind that were reported in the shard.
--
-- ARGV  5  the watcher's channel

return answer(redis.call('PUBLISH', ARGV[5], shard .. ' ' .. (redis.call('GET', reported) or 0)))
