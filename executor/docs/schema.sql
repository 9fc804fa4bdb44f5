-- The index of documents: made of them alone, and made anew where it does not
-- fit. docs: what is in the folder, also what could not be read (problem).
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE docs (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	origin TEXT NOT NULL,
	title TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	stamp TEXT NOT NULL,
	bytes INTEGER NOT NULL,
	passages INTEGER NOT NULL,
	problem TEXT NOT NULL
) STRICT;
CREATE TABLE passages (
	id INTEGER PRIMARY KEY,
	doc INTEGER NOT NULL REFERENCES docs (id),
	n INTEGER NOT NULL,
	path TEXT NOT NULL,
	line_from INTEGER NOT NULL,
	line_to INTEGER NOT NULL,
	words INTEGER NOT NULL,
	chinese INTEGER NOT NULL,
	hash TEXT NOT NULL,
	text TEXT NOT NULL
) STRICT;
CREATE INDEX passages_doc ON passages (doc, n);
CREATE INDEX passages_hash ON passages (hash);
-- By what is embedded, so that a passage that stays as it was keeps its vector
-- when its document is read anew. vector: vectors.h; empty: it has none.
CREATE TABLE vectors (
	hash TEXT PRIMARY KEY,
	vector BLOB NOT NULL
) STRICT, WITHOUT ROWID;
-- Documents that a Milvus has not as they are now: sender.h.
CREATE TABLE outbox (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TRIGGER docs_put AFTER INSERT ON docs BEGIN
	INSERT OR REPLACE INTO outbox (name) VALUES (new.name);
END;
CREATE TRIGGER docs_dropped AFTER DELETE ON docs BEGIN
	INSERT OR REPLACE INTO outbox (name) VALUES (old.name);
END;
-- The words of words.h, with blanks between; rowid is the passage's id.
CREATE VIRTUAL TABLE found USING fts5 (title, path, body, tokenize = 'ascii');
CREATE VIRTUAL TABLE seen USING fts5vocab ('found', 'row');
