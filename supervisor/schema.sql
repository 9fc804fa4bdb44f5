-- schema.sql - the store's first version; later ones are steps after it.
--
-- Tables whose rows hold up to a few kilobytes are ordinary ones: without a
-- rowid such a row would take an overflow page each. Their key is then made
-- of the run's row and the item's number (row << 20 | number), which keeps a
-- run's items side by side without an index.

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
	packed INTEGER NOT NULL DEFAULT 0	-- 1: run_compact saw it
) STRICT;

CREATE UNIQUE INDEX runs_key ON runs (key) WHERE key IS NOT NULL;
CREATE INDEX runs_status ON runs (status);
CREATE INDEX runs_finished ON runs (finished_ms);
CREATE INDEX runs_unpacked ON runs (row) WHERE packed = 0;

CREATE TABLE updates (
	id INTEGER PRIMARY KEY,
	label TEXT NOT NULL,	-- the node
	data BLOB NOT NULL
) STRICT;

CREATE TABLE events (
	id INTEGER PRIMARY KEY,
	label TEXT NOT NULL,	-- the type
	data BLOB NOT NULL
) STRICT;

-- A finished run's updates (row << 1) and events (row << 1 | 1), deflated.
CREATE TABLE packs (
	id INTEGER PRIMARY KEY,
	raw_bytes INTEGER NOT NULL,
	data BLOB NOT NULL
) STRICT;

CREATE TABLE tasks (
	id INTEGER PRIMARY KEY,
	node TEXT NOT NULL,
	step INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	state TEXT NOT NULL,
	worker TEXT NOT NULL,
	outcome BLOB NOT NULL
) STRICT;

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
	raw_bytes INTEGER NOT NULL,	-- 0: data is not deflated
	data BLOB NOT NULL
) STRICT;
