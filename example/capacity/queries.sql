-- sqlite analyze: before size
PRAGMA wal_checkpoint(TRUNCATE)
-- sqlite size: the bytes of the documents, with their indexes
SELECT page_count * page_size FROM pragma_page_count, pragma_page_size
-- sqlite insert: a document
INSERT INTO eagate_documents (kind, id, version, due, body) VALUES (?, ?, ?, ?, ?)

-- pgx tasks: the processes of the connections to this database
SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE datname = current_database()
-- pgx log: the bytes of the server's log so far, of all its databases
SELECT (pg_current_wal_insert_lsn() - '0/0')::float8
-- pgx checkpoint: before sign-ins that are soon after one
CHECKPOINT
-- pgx analyze: before size
VACUUM (ANALYZE) eagate_documents
-- pgx size: the bytes of the documents, with their indexes
SELECT pg_total_relation_size('eagate_documents')
-- pgx flush: before touched, from PostgreSQL 15
SELECT pg_stat_force_next_flush()
-- pgx touched: the pages that were touched so far, and the rows in scans of the whole table
SELECT heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit + COALESCE(toast_blks_read + toast_blks_hit, 0), seq_tup_read
FROM pg_statio_user_tables JOIN pg_stat_user_tables USING (relid) WHERE pg_stat_user_tables.relname = 'eagate_documents'
-- pgx insert: a document
INSERT INTO eagate_documents (kind, id, version, due, body) VALUES ($1, $2, $3, $4, $5)

-- mysql tasks: the threads of the connections to this database
SELECT GROUP_CONCAT(tid SEPARATOR ' ') FROM information_schema.processlist WHERE db = DATABASE()
-- mysql log: the bytes of the server's log so far, of all its databases
SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status WHERE variable_name = 'INNODB_OS_LOG_WRITTEN'
-- mysql analyze: before size
ANALYZE TABLE eagate_documents
-- mysql size: the bytes of the documents, with their indexes
SELECT CAST(file_size AS SIGNED) FROM information_schema.innodb_sys_tablespaces WHERE name = CONCAT(DATABASE(), '/eagate_documents')
-- mysql touched: the rows that the connection has touched so far, and those in scans
SELECT CAST(SUM(variable_value) AS SIGNED), CAST(SUM(IF(variable_name = 'HANDLER_READ_RND_NEXT', variable_value, 0)) AS SIGNED)
FROM information_schema.session_status WHERE variable_name LIKE 'HANDLER\_READ\_%'
-- mysql insert: a document
INSERT INTO eagate_documents (kind, id, version, due, body) VALUES (?, ?, ?, ?, ?)
