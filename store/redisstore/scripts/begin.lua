-- What each script begins with.
--
-- KEYS  1  index     of the shard's documents: a sorted set with a member KIND:ID for
--                    each, and with the witness
--       2  due       the kind's documents that are due some time: a sorted set of IDs
--                    by the microsecond
--       3  reported  how many writes of the kind were reported
--       4  deleted   the highest version that was deleted
--       5  document  a hash
-- ARGV  1  witness   or "" where documents may be lost
--       2  shard     its number
--       3  member    of the index: KIND:ID
--       4  id        of the document, or ""

local index, due, reported, deleted, document = unpack(KEYS)
local witness, shard, member, id = unpack(ARGV)

-- answer returns a reply, but on a replica an error. All that a script returns
-- without having written goes through it.
local function answer(reply)
	-- This writes, but has nothing to change: a replica refuses it.
	local refusal = redis.pcall('PERSIST', index)
	if type(refusal) ~= 'table' then
		return reply
	end
	-- Before 7.0, Redis has the code in the midst of the text.
	if string.find(refusal.err, 'READONLY', 1, true) then
		return redis.error_reply("READONLY You can't write against a read only replica.")
	end
	return refusal
end

-- lost reports whether a document that isn't there should be.
local function lost()
	return witness ~= '' and redis.call('ZSCORE', index, member)
end

if witness ~= '' and not redis.call('ZSCORE', index, witness) then
	return answer(redis.error_reply('DATALOST witness'))
end
