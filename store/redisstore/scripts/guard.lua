-- What each script begins with. It goes on only on a primary that has its data.
--
-- guard is a command that writes, but has nothing to change: a replica refuses it,
-- and so do primaries that were demoted.
--
-- KEYS  1  the shard's index: a sorted set with a member KIND:ID for each document,
--          and the witness
-- ARGV  1  the witness, or "" where nothing depends on one

local refusal = redis.pcall(unpack(guard))
if type(refusal) == 'table' then
	-- Before 7.0, Redis has the code in the midst of the text.
	if string.find(refusal.err, 'READONLY', 1, true) then
		return redis.error_reply("READONLY You can't write against a read only replica.")
	end
	return refusal
end
local strict = ARGV[1] ~= ''
if strict and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
	return redis.error_reply('DATALOST witness')
end
