-- Returns the version, the due time and the body of a document; nothing of each if
-- there is none.
--
-- KEYS  2  the document
-- ARGV  2  its member of the index

local doc = redis.call('HMGET', KEYS[2], 'version', 'due', 'body')
if not doc[1] and strict and redis.call('ZSCORE', KEYS[1], ARGV[2]) then
	return redis.error_reply('DATALOST document')
end
return doc
