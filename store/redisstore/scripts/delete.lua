-- Deletes the document and returns 1, or 0 if there is none or it isn't due, or -1 if
-- another version is stored.
--
-- ARGV  5  its version, or "" for any
--       6  when it must be due, in microseconds since 1970, or ""

local doc = redis.call('HMGET', document, 'version', 'due')
if not doc[1] then
	if lost() then
		return answer(redis.error_reply('DATALOST document'))
	end
	-- Left over if the document was evicted.
	redis.call('ZREM', index, member)
	return redis.call('ZREM', due, id)
end
if ARGV[5] ~= '' and ARGV[5] ~= doc[1] then
	return answer(-1)
end
if ARGV[6] ~= '' and (doc[2] == '' or tonumber(doc[2]) > tonumber(ARGV[6])) then
	return answer(0)
end
redis.call('DEL', document)
redis.call('ZREM', index, member)
redis.call('ZREM', due, id)
if tonumber(doc[1]) > tonumber(redis.call('GET', deleted) or 0) then
	redis.call('SET', deleted, doc[1])
end
return 1
