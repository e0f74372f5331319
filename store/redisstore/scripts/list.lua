-- Returns the members of the index after a member, in order.
--
-- ARGV  5  the end, as for ZRANGEBYLEX
--       6  how many at most

return answer(redis.call('ZRANGEBYLEX', index, '(' .. member, ARGV[5], 'LIMIT', 0, ARGV[6]))
