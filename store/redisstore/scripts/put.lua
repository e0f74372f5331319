-- Writes a document and returns its new version, or "" if another version is stored.
--
-- KEYS  2  the document
--       3  the documents of the kind that are due some time
--       4  the highest version that was deleted
--       5  how many writes of the kind were reported
-- ARGV  2  its member of the index
--       3  its ID
--       4  the version to replace, or "" to insert
--       5  the version to write, or to insert if none of that height was deleted
--       6  when it is due, in microseconds since 1970, or ""
--       7  the body
--       8  where to report it, or ""
--       9  the shard

local stored = redis.call('HGET', KEYS[2], 'version')
if not stored and strict and redis.call('ZSCORE', KEYS[1], ARGV[2]) then
	return redis.error_reply('DATALOST document')
end
-- As text: numbers are rounded.
if (stored or '') ~= ARGV[4] then
	return ''
end
local version = ARGV[5]
if not stored then
	local deleted = tonumber(redis.call('GET', KEYS[4]) or 0)
	if deleted >= tonumber(version) then
		version = string.format('%.0f', deleted + 1)
	end
	redis.call('ZADD', KEYS[1], 0, ARGV[2])
end
redis.call('HSET', KEYS[2], 'version', version, 'due', ARGV[6], 'body', ARGV[7])
if ARGV[6] ~= '' then
	redis.call('ZADD', KEYS[3], ARGV[6], ARGV[3])
else
	redis.call('ZREM', KEYS[3], ARGV[3])
end
if ARGV[8] ~= '' then
	redis.call('PUBLISH', ARGV[8], ARGV[9] .. ' ' .. redis.call('INCR', KEYS[5]) .. ' ' .. ARGV[3])
end
return version
