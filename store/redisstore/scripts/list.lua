-- Returns members of the index, in their order.
--
-- ARGV  2  where to begin, as ZRANGEBYLEX has it
--       3  where to end
--       4  how many at most

return redis.call('ZRANGEBYLEX', KEYS[1], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
