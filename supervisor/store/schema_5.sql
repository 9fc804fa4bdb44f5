-- schema_5.sql - what version 5 added to version 4.
--
-- What is kept beside runs: what arrives, or is said, also after their end.

CREATE TABLE slips (
	kind INTEGER NOT NULL,	-- enum store_slip_kind
	key BLOB NOT NULL,
	run INTEGER NOT NULL,
	data BLOB NOT NULL,
	PRIMARY KEY (kind, key)
) STRICT;

CREATE INDEX slips_run ON slips (run);
