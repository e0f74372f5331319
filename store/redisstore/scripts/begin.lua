-- The beginning of each script.
--
-- KEYS  1  index     of the shard's documents: a sorted set with a member KIND:ID for
--                    each, and the loss marker
--       2  due       the kind's documents with a due time: a sorted set of IDs by the
--                    microsecond
--       3  reported  how many writes of the kind were reported
--       4  deleted   the highest version that was deleted
--       5  document  a hash
-- ARGV  1  lossMarker, or "" if documents may be lost
--       2  shard     its number
--       3  member    of the index: KIND:ID
--       4  id        of the document, or ""

local index, due, reported, deleted, document = unpack(KEYS)
local lossMarker, shard, member, id = unpack(ARGV)

-- answer returns a reply, or an error on a replica. A script that hasn't written
-- returns its reply through it.
local function answer(reply)
	-- A write without an effect, which a replica refuses.
	local refusal = redis.pcall('PERSIST', index)
	if type(refusal) ~= 'table' then
		return reply
	end
	-- Before 7.0, the code is in the middle of the text.
	if string.find(refusal.err, 'READONLY', 1, true) then
		return redis.error_reply("READONLY You can't write against a read only replica.")
	end
	return refusal
end

-- lost reports whether a missing document is in the index.
local function lost()
	return lossMarker ~= '' and redis.call('ZSCORE', index, member)
end

if lossMarker ~= '' and not redis.call('ZSCORE', index, lossMarker) then
	return answer(redis.error_reply('DATALOST marker'))
end
