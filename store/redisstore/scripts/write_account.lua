-- Writes an account, if its version is still the one that was read, and returns
-- 1; or 0 if it isn't. Once more, the same changes nothing.
--
-- KEYS  1  the account
--       2  the witness of its shard
--       3  the index of the shard's accounts
--       4  the index of those that are late
-- ARGV  1  the version that was read, "" if there was no account
--       2  the version to write
--       3  of a late account, when it is due, and "" of others
--       4  the value of the witness
--       5  the user ID
--    6...  names and values of fields, by turns

if redis.call('GET', KEYS[2]) ~= ARGV[4] then
	return redis.error_reply('DATALOST witness')
end
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version == ARGV[2] then
	return 1
end
if version ~= ARGV[1] then
	return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[2], unpack(ARGV, 6))
redis.call('ZADD', KEYS[3], 0, ARGV[5])
if ARGV[3] ~= '' then
	redis.call('ZADD', KEYS[4], ARGV[3], ARGV[5])
else
	redis.call('ZREM', KEYS[4], ARGV[5])
end
return 1
