-- Returns IDs of documents that are due, each with when it is, the longest due first.
--
-- KEYS  2  the documents of the kind that are due some time
-- ARGV  2  the latest time, in microseconds since 1970
--       3  how many at most

return redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
