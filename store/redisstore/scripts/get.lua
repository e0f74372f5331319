-- Returns the version, the due time and the body of the document, or nothing if there
-- is none.

local doc = redis.call('HMGET', document, 'version', 'due', 'body')
if doc[1] or doc[3] then
	return answer(doc)
end
if lost() then
	return answer(redis.error_reply('DATALOST document'))
end
return answer({})
