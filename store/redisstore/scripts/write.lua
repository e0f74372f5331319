-- Writes a challenge or a grant, if its version is still the one that was read,
-- and returns 1; or 0 if it isn't. Once more, the same changes nothing.
--
-- KEYS  1  the record
-- ARGV  1  the version that was read, "" if there was no record
--       2  the version to write
--       3  when to forget the record, in milliseconds since 1970
--    4...  names and values of fields, by turns

local version = redis.call('HGET', KEYS[1], 'version') or ''
if version == ARGV[2] then
	return 1
end
if version ~= ARGV[1] then
	return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[2], unpack(ARGV, 4))
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return 1
