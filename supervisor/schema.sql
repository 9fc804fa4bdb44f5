-- schema.sql - the store as this build makes it, version 2. A file of an
-- earlier version becomes the same by the steps in store_migrate.c.
--
-- Tables whose rows hold up to a few kilobytes are ordinary ones: without a
-- rowid such a row would take an overflow page each. The journal grows at its
-- end only, so that all runs' transitions in a commit share its last pages.

CREATE TABLE meta (
	name TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('epoch', 0);

CREATE TABLE runs (
	row INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	key TEXT,
	digest TEXT NOT NULL,
	input TEXT NOT NULL,
	status TEXT NOT NULL,
	reason TEXT NOT NULL,
	confidence TEXT NOT NULL,
	node TEXT NOT NULL,
	created_ms INTEGER NOT NULL,
	finished_ms INTEGER NOT NULL,
	deadline_ms INTEGER NOT NULL,
	iteration INTEGER NOT NULL,
	turns INTEGER NOT NULL,
	next_task INTEGER NOT NULL,
	next_update INTEGER NOT NULL,
	last_seq INTEGER NOT NULL,
	packed INTEGER NOT NULL DEFAULT 0,	-- 1: run_compact saw it
	recoveries INTEGER NOT NULL DEFAULT 0	-- deaths at it
) STRICT;

CREATE UNIQUE INDEX runs_key ON runs (key) WHERE key IS NOT NULL;
CREATE INDEX runs_status ON runs (status);
CREATE INDEX runs_finished ON runs (finished_ms);
CREATE INDEX runs_unpacked ON runs (row) WHERE packed = 0;

-- What a transition added to a run: records (pack.h) of store_journal.h.
CREATE TABLE journal (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL,
	raw_bytes INTEGER NOT NULL,	-- 0: data is not compressed
	data BLOB NOT NULL
) STRICT;

CREATE INDEX journal_run ON journal (run);

-- All records of a finished run, compressed.
CREATE TABLE packs (
	run INTEGER PRIMARY KEY,
	raw_bytes INTEGER NOT NULL,
	data BLOB NOT NULL
) STRICT;

-- Evidence that is too large to stand among its run's records.
CREATE TABLE evidence (
	run INTEGER NOT NULL,
	number INTEGER NOT NULL,
	media TEXT NOT NULL,
	blob INTEGER NOT NULL,
	PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX evidence_blob ON evidence (blob);

CREATE TABLE blobs (
	id INTEGER PRIMARY KEY,
	sha256 BLOB NOT NULL UNIQUE,
	raw_bytes INTEGER NOT NULL,	-- 0: data is not compressed
	data BLOB NOT NULL
) STRICT;
