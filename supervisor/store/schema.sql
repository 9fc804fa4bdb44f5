-- schema.sql - the store as version 4 had it; schema_N.sql is what version N
-- added. A new file is made of all of them, an older one gets what it lacks.
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
	recoveries INTEGER NOT NULL,
	chain BLOB NOT NULL,	-- store_chain.h, so the next three
	seal BLOB NOT NULL,
	place INTEGER,		-- NULL: not finished
	link BLOB
) STRICT;

CREATE UNIQUE INDEX runs_key ON runs (key) WHERE key IS NOT NULL;
CREATE INDEX runs_status ON runs (status);
CREATE INDEX runs_open ON runs (row) WHERE place IS NULL;
CREATE UNIQUE INDEX runs_place ON runs (place) WHERE place IS NOT NULL;

-- Where the chain over all finished runs begins and ends: what expired is
-- before 'base'.
CREATE TABLE ends (
	name TEXT PRIMARY KEY,
	place INTEGER NOT NULL,
	link BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO ends VALUES ('base', 0, zeroblob(32)), ('head', 0, zeroblob(32));

-- What a batch added to a run: records (pack.h) of store_in.h, compressed.
CREATE TABLE journal (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL,
	raw_bytes INTEGER NOT NULL,
	leans INTEGER NOT NULL,		-- 1: on the run's row before it
	data BLOB NOT NULL
) STRICT;

CREATE INDEX journal_run ON journal (run);

-- Evidence that is too large to stand among its run's records, and who has
-- it.
CREATE TABLE blobs (
	id INTEGER PRIMARY KEY,
	sha256 BLOB NOT NULL UNIQUE,
	raw_bytes INTEGER NOT NULL,	-- data is compressed
	data BLOB NOT NULL
) STRICT;

CREATE TABLE refs (
	run INTEGER NOT NULL,
	blob INTEGER NOT NULL,
	PRIMARY KEY (run, blob)
) STRICT, WITHOUT ROWID;

CREATE INDEX refs_blob ON refs (blob);
