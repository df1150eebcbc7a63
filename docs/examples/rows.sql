-- 300,000 rows of 100 bytes with an index, nine tenths of them deleted again.
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, pad BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
INSERT INTO t SELECT i, 'name' || i, zeroblob(100) FROM n;
CREATE INDEX names ON t(name);
DELETE FROM t WHERE id % 10 <> 0;
VACUUM;
SELECT count(*) FROM t;
