-- Returns the members of the index that come after a member, in their order.
--
-- ARGV  5  where to end, as ZRANGEBYLEX has it
--       6  how many at most

return answer(redis.call('ZRANGEBYLEX', index, '(' .. member, ARGV[5], 'LIMIT', 0, ARGV[6]))
