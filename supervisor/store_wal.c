/*
 * store_wal.c - is the log whole, before SQLite reads it?
 *
 * SQLite takes the first frame that does not fit for the end of its log. After
 * a loss of power that is right: what follows was never synced. But each
 * commit is synced before the next one's frames are written, so a frame that
 * does not fit can hide one commit at most; if several follow, it was damaged
 * later, and commits that were acknowledged would silently be gone.
 *
 *	header:  magic version page-size sequence salt salt sum sum	32 bytes
 *	frame:   page commit? salt salt sum sum, then the page		24 + page
 *
 * A sum goes on from the one of the frame before; sqlite.org/fileformat2.html,
 * section 4.
 */
#include "supervisor/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER = 32, FRAME_HEAD = 24, FRAME = FRAME_HEAD + STORE_PAGE_BYTES,
	MAGIC = 0x377f0682 };

struct wal {
	int fd;
	int64_t n; /* frames, as the file's size says */
	bool big;  /* the sums are over big-endian words */
	uint8_t salts[8];
	uint32_t sum[2];
};

static uint32_t
wal_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint32_t
wal_word(const struct wal *w, const uint8_t *p)
{
	return w->big ? wal_be32(p)
		      : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
			    (uint32_t)p[1] << 8 | p[0];
}

static void
wal_sum(struct wal *w, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		w->sum[0] += wal_word(w, p + i) + w->sum[1];
		w->sum[1] += wal_word(w, p + i + 4) + w->sum[0];
	}
}

static bool
wal_sum_is(const struct wal *w, const uint8_t *p)
{
	return wal_be32(p) == w->sum[0] && wal_be32(p + 4) == w->sum[1];
}

/* A header of zeros is one whose write did not get here. */
static bool
wal_header(struct wal *w, const uint8_t *h)
{
	static const uint8_t zeros[HEADER];
	uint32_t magic = wal_be32(h);

	if (memcmp(h, zeros, HEADER) == 0) {
		w->n = 0;
		return true;
	}
	w->big = (magic & 1) != 0;
	wal_sum(w, h, HEADER - 8);
	memcpy(w->salts, h + 16, sizeof(w->salts));
	return (magic & ~1U) == MAGIC && wal_sum_is(w, h + HEADER - 8) &&
	       wal_be32(h + 8) == STORE_PAGE_BYTES;
}

enum frame { FRAME_STALE, FRAME_PAGE, FRAME_COMMIT };

/* What a frame says it is; a stale one is of a log that came before. */
static enum frame
wal_frame(const struct wal *w, const uint8_t *f, bool sum_fits)
{
	/* The sum leaves the salts out: where it fits they were damaged. */
	if (!sum_fits && memcmp(f + 8, w->salts, sizeof(w->salts)) != 0)
		return FRAME_STALE;
	return wal_be32(f + 4) != 0 ? FRAME_COMMIT : FRAME_PAGE;
}

/* Reads the log; *ret_hidden: commits behind the first frame that does not
 * fit. False: it cannot be read. */
static bool
wal_read(struct wal *w, int64_t *ret_hidden)
{
	uint8_t f[FRAME];
	bool fits = true; /* all up to here do */
	bool sum_fits;

	for (int64_t i = 0; i < w->n; i++) {
		if (pread(w->fd, f, FRAME, HEADER + i * FRAME) != FRAME)
			return false;
		if (fits) {
			wal_sum(w, f, 8);
			wal_sum(w, f + FRAME_HEAD, STORE_PAGE_BYTES);
		}
		sum_fits = fits && wal_sum_is(w, f + 16);
		fits = sum_fits && wal_frame(w, f, false) != FRAME_STALE;
		*ret_hidden +=
		    !fits && wal_frame(w, f, sum_fits) == FRAME_COMMIT;
	}
	return true;
}

static enum rc
wal_check(struct wal *w, const char *path, int64_t bytes, struct err *err)
{
	uint8_t h[HEADER];
	int64_t hidden = 0;
	bool good = true;

	if (bytes < HEADER)
		return RC_OK;
	if (pread(w->fd, h, HEADER, 0) != HEADER)
		return err_set(err, RC_IO, "read %s", path);
	w->n = (bytes - HEADER) / FRAME;
	good = wal_header(w, h);
	if (good && !wal_read(w, &hidden))
		return err_set(err, RC_IO, "read %s: %s", path,
		    strerror(errno));
	if (good && hidden <= 1)
		return RC_OK;
	return err_set(err, RC_CONFLICT,
	    "%s is damaged, and commits in it would be lost; it was left as "
	    "it is: restore a backup, or remove it to go on from what is in "
	    "the database itself",
	    path);
}

enum rc
store_wal_check(const char *path, struct err *err)
{
	struct wal w = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
	struct stat st;
	enum rc rc;

	if (w.fd < 0 && errno == ENOENT)
		return RC_OK;
	if (w.fd < 0 || fstat(w.fd, &st) != 0)
		rc = err_set(
		    err, RC_IO, "open %s: %s", path, strerror(errno));
	else
		rc = wal_check(&w, path, st.st_size, err);
	if (w.fd >= 0)
		close(w.fd);
	return rc;
}
