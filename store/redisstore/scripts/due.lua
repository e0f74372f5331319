-- Returns the IDs and due times of the kind's documents that are due, the earliest
-- first.
--
-- ARGV  5  the latest time, in microseconds since 1970
--       6  how many at most

return answer(redis.call('ZRANGEBYSCORE', due, '-inf', ARGV[5], 'WITHSCORES', 'LIMIT', 0, ARGV[6]))
