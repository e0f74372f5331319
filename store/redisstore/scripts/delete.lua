-- Deletes a document and returns 1; or 0 if there is none, or none that is due; or -1
-- if another version is stored.
--
-- KEYS  2  the document
--       3  the documents of the kind that are due some time
--       4  the highest version that was deleted
-- ARGV  2  its member of the index
--       3  its ID
--       4  its version, or "" for any
--       5  when it must be due, in microseconds since 1970, or ""

local doc = redis.call('HMGET', KEYS[2], 'version', 'due')
if not doc[1] then
	if strict and redis.call('ZSCORE', KEYS[1], ARGV[2]) then
		return redis.error_reply('DATALOST document')
	end
	-- What was evicted leaves these behind.
	redis.call('ZREM', KEYS[1], ARGV[2])
	return redis.call('ZREM', KEYS[3], ARGV[3])
end
if ARGV[4] ~= '' and ARGV[4] ~= doc[1] then
	return -1
end
if ARGV[5] ~= '' and (doc[2] == '' or tonumber(doc[2]) > tonumber(ARGV[5])) then
	return 0
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[3])
if tonumber(doc[1]) > tonumber(redis.call('GET', KEYS[4]) or 0) then
	redis.call('SET', KEYS[4], doc[1])
end
return 1
