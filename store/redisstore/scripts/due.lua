-- Returns the user IDs of late accounts of a shard, each with when it is due, the
-- longest due first.
--
-- KEYS  1  the witness of the shard
--       2  the index of its late accounts
-- ARGV  1  the value of the witness
--       2  the latest time
--       3  how many at most

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
	return redis.error_reply('DATALOST witness')
end
return redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
