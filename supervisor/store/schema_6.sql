-- schema_6.sql - what version 6 added to version 5.
--
-- Requests to models, beside the runs: what a day cost is known when its runs
-- have expired.

CREATE TABLE calls (
	id INTEGER PRIMARY KEY,
	run TEXT NOT NULL,	-- its id
	what TEXT NOT NULL,	-- task.attempt.request
	model TEXT NOT NULL,
	day INTEGER NOT NULL,	-- since the epoch, UTC
	settled INTEGER NOT NULL,	-- 0: it counts for what was reserved
	tokens INTEGER NOT NULL,
	cost INTEGER NOT NULL,	-- 1e-12 of the price table's unit
	prompt INTEGER NOT NULL,
	cached INTEGER NOT NULL,
	answer INTEGER NOT NULL
) STRICT;

CREATE INDEX calls_day ON calls (day);
CREATE INDEX calls_run ON calls (run);
