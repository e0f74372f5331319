-- Returns user IDs of a shard, in order.
--
-- KEYS  1  the witness of the shard
--       2  the index of its accounts
-- ARGV  1  the value of the witness
--       2  where to begin, as ZRANGEBYLEX has it
--       3  how many at most

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
	return redis.error_reply('DATALOST witness')
end
return redis.call('ZRANGEBYLEX', KEYS[2], ARGV[2], '+', 'LIMIT', 0, ARGV[3])
