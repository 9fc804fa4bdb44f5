/*
 * doctor_machine.c - what the machine tells `culprit doctor`: its disk, its
 * clock against that of Prometheus, and what this user may.
 */
#include "gateway/cli/doctor.h"

#include "common/base/clk.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum {
	FREE_MB_LEAST = 512,
	SYNC_MS_MOST = 50,
	SKEW_S_MOST = 2, /* an HTTP date has whole seconds */
	DATE_MS = 5000,
	FILES_LEAST = 4096,
};

/* ---- disk ---- */

/* The folder, or the one above it in which it would be made; the caller's. */
static char *
there_is(const char *path)
{
	char *at = xstrdup(path);

	while (access(at, F_OK) != 0 && strrchr(at, '/') > at)
		*strrchr(at, '/') = '\0';
	if (access(at, F_OK) != 0)
		strcpy(at, "/");
	return at;
}

/* Where a lock or a memory map of several processes does not hold. */
static const char *
unfit(const char *path)
{
	static const struct {
		unsigned long type;
		const char *name;
	} kinds[] = {{0x6969, "NFS"}, {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},
	    {0x01021994, "memory (tmpfs)"}};
	struct statfs s;

	if (statfs(path, &s) != 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if ((unsigned long)s.f_type == kinds[i].type)
			return kinds[i].name;
	return NULL;
}

/* How long a small write takes to be durable; -1: it cannot be written. */
static int64_t
sync_ms(const char *dir)
{
	auto_str path = xasprintf("%s/.doctor-XXXXXX", dir);
	int fd = mkostemp(path, O_CLOEXEC);
	int64_t begin = clk_mono_ms(), took = -1;

	if (fd < 0)
		return -1;
	if (write(fd, "x", 1) == 1 && fdatasync(fd) == 0)
		took = clk_mono_ms() - begin;
	close(fd);
	unlink(path);
	return took;
}

enum doctor_mark
doctor_disk(const struct conf *conf, struct buf *said)
{
	auto_str dir = there_is(conf->data_dir);
	const char *kind = unfit(dir);
	struct statvfs v = {0};
	int64_t ms = sync_ms(dir), left;
	enum doctor_mark mark = DOCTOR_OK;

	if (ms < 0) {
		buf_addf(said,
		    "cannot write in %s: %s; give it to this user, "
		    "or choose another --data-dir",
		    dir, strerror(errno));
		return DOCTOR_BAD;
	}
	statvfs(dir, &v);
	left = (int64_t)(v.f_bavail * v.f_frsize >> 20);
	buf_addf(said, "%lld MiB left at %s, a durable write takes %lld ms",
	    (long long)left, dir, (long long)ms);
	if (left < FREE_MB_LEAST || (v.f_files > 0 && v.f_favail == 0)) {
		buf_addf(said, "\ntoo little: what is new is refused when it "
			       "is full; make room, or keep less with "
			       "--retain-mb and --retain-days");
		mark = DOCTOR_BAD;
	}
	if (kind != NULL) {
		buf_addf(said,
		    "\nit is on %s, %s; put --data-dir on a local "
		    "disk",
		    kind,
		    kind[0] == 'm' ? "and gone when the machine is"
				   : "where locks do not hold");
		mark = kind[0] == 'm' ? MAX(mark, DOCTOR_NOTE) : DOCTOR_BAD;
	} else if (ms > SYNC_MS_MOST) {
		buf_addf(said, "\na slow disk: every step waits for it");
		mark = MAX(mark, DOCTOR_NOTE);
	}
	return mark;
}

/* ---- clock ---- */

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	time_t *ret = arg;

	if (n > 5 && strncasecmp(line, "Date:", 5) == 0) {
		auto_str date = xstrndup(line + 5, n - 5);

		*ret = curl_getdate(date, NULL);
	}
	return size * n;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

/* What the server at url says the time is, of whatever it answers; -1: it
 * does not say. */
static time_t
date_of(const char *url)
{
	CURL *h = curl_easy_init();
	time_t date = -1;

	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)DATE_MS);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	/* Only its clock is asked, nothing is told. */
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, &date);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	if (curl_easy_perform(h) != CURLE_OK)
		date = -1;
	curl_easy_cleanup(h);
	return date;
}

enum doctor_mark
doctor_clock(const struct conf *conf, struct buf *said)
{
	struct timex t = {0};
	bool free_running =
	    adjtimex(&t) == TIME_ERROR || (t.status & STA_UNSYNC) != 0;
	time_t theirs = date_of(conf->prometheus_url);
	long long ahead = (long long)(theirs - time(NULL));
	enum doctor_mark mark = DOCTOR_OK;

	if (theirs == -1) {
		buf_addf(said, "Prometheus does not tell its time");
		mark = DOCTOR_NOTE;
	} else if (llabs(ahead) <= SKEW_S_MOST) {
		buf_addf(said, "as that of Prometheus");
	} else {
		buf_addf(said,
		    "Prometheus's is %lld s %s: \"now\" is another moment "
		    "there; run NTP on both machines",
		    llabs(ahead), ahead > 0 ? "ahead" : "behind");
		mark = DOCTOR_BAD;
	}
	if (free_running) {
		buf_addf(said, "\nnobody keeps it right here, so far as the "
			       "kernel knows; run chrony or systemd-timesyncd");
		mark = MAX(mark, DOCTOR_NOTE);
	}
	return mark;
}

/* ---- rights ---- */

enum doctor_mark
doctor_rights(const struct conf *conf, struct buf *said)
{
	struct rlimit files = {0};
	enum doctor_mark mark = DOCTOR_OK;

	(void)conf;
	getrlimit(RLIMIT_NOFILE, &files);
	if (geteuid() == 0) {
		buf_addf(said, "root, and no process needs that; run them as "
			       "a user of their own");
		mark = DOCTOR_NOTE;
	} else {
		buf_addf(said, "user %ld", (long)geteuid());
	}
	buf_addf(
	    said, ", %llu open files each", (unsigned long long)files.rlim_max);
	if (files.rlim_max < FILES_LEAST) {
		buf_addf(said, "\nfew: a gateway turns viewers away then; "
			       "raise it (ulimit -n, LimitNOFILE)");
		mark = DOCTOR_NOTE;
	}
	buf_addf(said, "\nno tool of this build runs a program: there is no "
		       "sandbox to look at");
	return mark;
}
