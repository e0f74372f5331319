-- Returns the fields of an account.
--
-- KEYS  1  the account
--       2  the witness of its shard
--       3  the index of the shard's accounts
-- ARGV  1  the value of the witness
--       2  the user ID

if redis.call('GET', KEYS[2]) ~= ARGV[1] then
	return redis.error_reply('DATALOST witness')
end
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 and redis.call('ZSCORE', KEYS[3], ARGV[2]) then
	return redis.error_reply('DATALOST account')
end
return fields
