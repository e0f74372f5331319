-- Writes the document and returns its new version, or "" if another version is stored.
--
-- ARGV  5  the version to replace, or "" to insert
--       6  the version to write, or when inserting, the lowest one
--       7  when it is due, in microseconds since 1970, or ""
--       8  the body
--       9  the channel to report it on, or ""

local stored = redis.call('HMGET', document, 'version', 'due')
if not stored[1] and lost() then
	return answer(redis.error_reply('DATALOST document'))
end
-- As text, because numbers are rounded.
if (stored[1] or '') ~= ARGV[5] then
	return answer('')
end
-- The first write must be a command that Redis refuses when it is out of memory.
local version = ARGV[6]
if not stored[1] then
	local highest = tonumber(redis.call('GET', deleted) or 0)
	if highest >= tonumber(version) then
		version = string.format('%.0f', highest + 1)
	end
	redis.call('ZADD', index, 0, member)
end
redis.call('HSET', document, 'version', version, 'due', ARGV[7], 'body', ARGV[8])
if ARGV[7] ~= '' and ARGV[7] ~= stored[2] then
	redis.call('ZADD', due, ARGV[7], id)
elseif ARGV[7] == '' and stored[2] then
	redis.call('ZREM', due, id)
end
if ARGV[9] ~= '' then
	redis.call('PUBLISH', ARGV[9], shard .. ' ' .. redis.call('INCR', reported) .. ' ' .. id)
end
return version
