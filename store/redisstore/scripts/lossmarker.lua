-- Returns the loss marker of the shard, or "" if there is none.
--
-- ARGV  5  the loss marker to create if there is none, or ""

local found = redis.call('ZRANGEBYLEX', index, '[!', '("', 'LIMIT', 0, 1)[1]
if not found and ARGV[5] ~= '' then
	redis.call('ZADD', index, 0, ARGV[5])
end
return answer(found or ARGV[5])
