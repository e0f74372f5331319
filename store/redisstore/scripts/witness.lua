-- Returns the witness of a shard, or "" if there is none.
--
-- ARGV  2  the witness to begin with if there is none, or ""

local found = redis.call('ZRANGEBYLEX', KEYS[1], '[!', '("', 'LIMIT', 0, 1)[1]
if found then
	return found
end
if ARGV[2] ~= '' then
	redis.call('ZADD', KEYS[1], 0, ARGV[2])
end
return ARGV[2]
