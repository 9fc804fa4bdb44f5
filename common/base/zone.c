/*
 * zone.c - the tz database's files (RFC 8536), read without tzset.
 *
 * Invariant: what is not understood to its end is no zone; no half of a file
 * is used.
 */
#include "common/base/zone.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"

#define FOLDER "/usr/share/zoneinfo"
#define DAY_S 86400

enum { FILE_BYTES_MAX = 256 << 10, HEADER = 44, TYPE_BYTES = 6 };

/* ---- names ---- */

static bool
is_digits(const char *p, int n)
{
	while (n-- > 0)
		if (!isdigit((unsigned char)*p++))
			return false;
	return true;
}

/* "+08:00", "-0330" */
static bool
read_offset(const char *s, long *ret)
{
	size_t n = strlen(s), colon = n == 6 && s[3] == ':' ? 1 : 0;
	long by;

	if ((s[0] != '+' && s[0] != '-') || n != 5 + colon ||
	    !is_digits(s + 1, 2) || !is_digits(s + 3 + colon, 2))
		return false;
	by = strtol(s + 3 + colon, NULL, 10) * 60;
	by += (10 * (s[1] - '0') + (s[2] - '0')) * 3600L;
	*ret = s[0] == '-' ? -by : by;
	return by < DAY_S;
}

/* Parts of letters, digits and _+-, so that none leads out of the folder. */
static bool
is_name(const char *s)
{
	if (!isalpha((unsigned char)s[0]) || strstr(s, "//") != NULL)
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/")] == '\0';
}

/* ---- the file ---- */

struct tz {
	const unsigned char *p;
	size_t n;
};

static int64_t
big(const unsigned char *p, int bytes)
{
	uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

	while (bytes-- > 0)
		v = v << 8 | *p++;
	return (int64_t)v;
}

struct counts {
	size_t isut, isstd, leap, time, type, chars;
};

static bool
read_header(struct tz *t, struct counts *ret)
{
	size_t *const to[] = {&ret->isut, &ret->isstd, &ret->leap, &ret->time,
	    &ret->type, &ret->chars};
	size_t i;

	if (t->n < HEADER || memcmp(t->p, "TZif", 4) != 0 || t->p[4] < '2')
		return false;
	for (i = 0; i < ARRAY_LEN(to); i++) {
		int64_t v = big(t->p + 20 + 4 * i, 4);

		if (v < 0 || v > FILE_BYTES_MAX)
			return false;
		*to[i] = (size_t)v;
	}
	t->p += HEADER;
	t->n -= HEADER;
	return true;
}

static size_t
block_bytes(const struct counts *c, size_t time_bytes)
{
	return c->time * (time_bytes + 1) + c->type * TYPE_BYTES + c->chars +
	       c->leap * (time_bytes + 4) + c->isstd + c->isut;
}

static bool
skip(struct tz *t, size_t n)
{
	if (t->n < n)
		return false;
	t->p += n;
	t->n -= n;
	return true;
}

/* The second block: moments of 8 bytes. */
static bool
read_changes(const struct tz *t, const struct counts *c, struct zone *z)
{
	const unsigned char *of = t->p + 8 * c->time;
	const unsigned char *types = of + c->time;
	size_t i;

	if (t->n < block_bytes(c, 8) || c->type == 0 ||
	    c->time > ZONE_CHANGES_MAX)
		return false;
	z->offset_s = (long)big(types, 4);
	z->changes = xcalloc(c->time + 1, sizeof(*z->changes));
	for (i = 0; i < c->time; i++) {
		if (of[i] >= c->type)
			return false;
		z->changes[i] = (struct zone_change){big(t->p + 8 * i, 8),
		    (int32_t)big(types + of[i] * TYPE_BYTES, 4)};
	}
	z->n = (int)c->time;
	return true;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n" */
static bool
read_footer(const struct tz *t, struct zone *z)
{
	const unsigned char *end;
	size_t n;

	if (t->n < 2 || t->p[0] != '\n')
		return false;
	end = memchr(t->p + 1, '\n', t->n - 1);
	n = end != NULL ? (size_t)(end - t->p - 1) : sizeof(z->rule);
	if (n >= sizeof(z->rule))
		return false;
	memcpy(z->rule, t->p + 1, n);
	return true;
}

static bool
read_tz(struct span bytes, struct zone *z)
{
	struct tz t = {(const unsigned char *)bytes.p, bytes.n};
	struct counts c;

	return read_header(&t, &c) && skip(&t, block_bytes(&c, 4)) &&
	       read_header(&t, &c) && read_changes(&t, &c, z) &&
	       skip(&t, block_bytes(&c, 8)) && read_footer(&t, z);
}

static bool
read_file(struct buf *b, const char *name)
{
	const char *folder = getenv("TZDIR");
	auto_str path = xasprintf("%s/%s",
	    folder != NULL && folder[0] == '/' ? folder : FOLDER, name);
	FILE *f = fopen(path, "re");
	char piece[4096];
	size_t n;

	if (f == NULL)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(b, piece, n);
	fclose(f);
	return b->len > 0 && !b->full;
}

/* ---- the rule behind the last change ---- */

/* One of its moments, of the year that begins at year_s: "M3.5.0/2". */
struct turn {
	int month, week, day;
	long at_s;
};

static const char *
skip_abbreviation(const char *p)
{
	if (*p == '<')
		return strchr(p, '>') != NULL ? strchr(p, '>') + 1 : NULL;
	while (isalpha((unsigned char)*p))
		p++;
	return p;
}

/* "[+-]h[:mm[:ss]]" in seconds. */
static const char *
read_hms(const char *p, long *ret)
{
	long sign = *p == '-' ? -1 : 1, unit = 3600;

	*ret = 0;
	p += *p == '-' || *p == '+';
	if (!isdigit((unsigned char)*p))
		return NULL;
	for (; unit > 0; unit /= 60) {
		char *end;

		*ret += sign * unit * strtol(p, &end, 10);
		p = end;
		if (*p != ':' || !isdigit((unsigned char)p[1]))
			break;
		p++;
	}
	return p;
}

static const char *
read_turn(const char *p, struct turn *ret)
{
	int n = 0;

	ret->at_s = 2 * 3600;
	if (p == NULL ||
	    sscanf(p, ",M%2d.%1d.%1d%n", &ret->month, &ret->week, &ret->day,
		&n) != 3 ||
	    ret->month < 1 || ret->month > 12 || ret->week < 1 ||
	    ret->week > 5 || ret->day > 6)
		return NULL;
	p += n;
	return *p == '/' ? read_hms(p + 1, &ret->at_s) : p;
}

/* Days since the epoch of a day of the Gregorian calendar. */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t era, of_era, of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	of_era = (year - era * 400) * 365 + (year - era * 400) / 4 -
		 (year - era * 400) / 100 + of_year;
	return era * 146097 + of_era - 719468;
}

/* When it is that turn in a year, by the clock before it. */
static int64_t
turn_at(const struct turn *t, int64_t year)
{
	int64_t first = days_of(year, t->month, 1);
	int64_t next = days_of(
	    year + (t->month == 12), t->month == 12 ? 1 : t->month + 1, 1);
	int64_t day =
	    first + (t->day - (first + 4) % 7 + 7) % 7 + 7 * (t->week - 1);

	while (day >= next)
		day -= 7;
	return day * DAY_S + t->at_s;
}

/* The offset by the rule; false: it is not understood. */
static bool
by_rule(const char *rule, int64_t unix_s, long *ret)
{
	const char *p = skip_abbreviation(rule);
	struct turn to, back;
	long west, summer;
	time_t t = (time_t)unix_s;
	struct tm tm;
	int64_t begins, ends;

	if (p == NULL || (p = read_hms(p, &west)) == NULL)
		return false;
	*ret = -west;
	if (*p == '\0')
		return true;
	p = skip_abbreviation(p);
	if (p == NULL)
		return false;
	summer = -west + 3600;
	if (*p != ',' && *p != '\0') {
		if ((p = read_hms(p, &summer)) == NULL)
			return false;
		summer = -summer;
	}
	p = read_turn(p, &to);
	p = read_turn(p, &back);
	if (p == NULL || *p != '\0' || gmtime_r(&t, &tm) == NULL)
		return false;
	begins = turn_at(&to, tm.tm_year + 1900) + west;
	ends = turn_at(&back, tm.tm_year + 1900) - summer;
	if (begins < ends ? unix_s >= begins && unix_s < ends
			  : unix_s >= begins || unix_s < ends)
		*ret = summer;
	return true;
}

/* ---- zones ---- */

enum rc
zone_read(struct span name, struct zone *ret, struct err *err)
{
	auto_buf bytes = {.max = FILE_BYTES_MAX};
	char text[ZONE_NAME_MAX];
	struct zone z = {0};
	long offset = 0;

	if (name.n < sizeof(text))
		snprintf(text, sizeof(text), "%.*s", SPAN_ARG(name));
	if (name.n >= sizeof(text) || strlen(text) != name.n ||
	    (name.n > 0 && !read_offset(text, &z.offset_s) && !is_name(text)))
		return err_set(err, RC_INVALID,
		    "\"%.*s\" is no time zone; write a name like "
		    "Europe/Berlin, or an offset like +08:00",
		    (int)MIN(name.n, (size_t)60), name.p);
	if (name.n == 0 || !isalpha((unsigned char)text[0]) ||
	    strcmp(text, "UTC") == 0) {
		*ret = z;
		return RC_OK;
	}
	if (!read_file(&bytes, text))
		return err_set(err, RC_NOTFOUND,
		    "there is no time zone \"%s\" here (or no tzdata); write a "
		    "name like Europe/Berlin, or an offset like +08:00",
		    text);
	if (!read_tz(buf_span(&bytes), &z) ||
	    (z.rule[0] != '\0' && !by_rule(z.rule, 0, &offset))) {
		zone_done(&z);
		return err_set(err, RC_INVALID,
		    "the time zone \"%s\" of this system cannot be read; write "
		    "an offset like +08:00",
		    text);
	}
	*ret = z;
	return RC_OK;
}

void
zone_done(struct zone *z)
{
	free(z->changes);
	*z = (struct zone){0};
}

long
zone_offset_s(const struct zone *z, int64_t unix_s)
{
	int lo = 0, hi = z->n;
	long offset = z->offset_s;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (z->changes[mid].at_s <= unix_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo > 0)
		offset = z->changes[lo - 1].offset_s;
	if (lo == z->n && z->rule[0] != '\0' &&
	    !by_rule(z->rule, unix_s, &offset))
		return z->offset_s;
	return offset;
}

bool
zone_same_day(const struct zone *z, int64_t a_s, int64_t b_s)
{
	int64_t a = a_s + zone_offset_s(z, a_s),
		b = b_s + zone_offset_s(z, b_s);

	return (a - (a < 0 ? DAY_S - 1 : 0)) / DAY_S ==
	       (b - (b < 0 ? DAY_S - 1 : 0)) / DAY_S;
}

const char *
zone_print(const struct zone *z, int64_t unix_s, enum zone_form form,
    char out[ZONE_TEXT])
{
	long offset = zone_offset_s(z, unix_s), m = labs(offset) / 60;
	time_t local = (time_t)(unix_s + offset);
	struct tm tm;
	size_t n;

	out[0] = '\0';
	if (gmtime_r(&local, &tm) == NULL)
		return out;
	n = strftime(out, ZONE_TEXT,
	    form == ZONE_CLOCK ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	if (offset == 0)
		snprintf(out + n, ZONE_TEXT - n, " UTC");
	else
		snprintf(out + n, ZONE_TEXT - n, " %c%02ld:%02ld",
		    offset < 0 ? '-' : '+', m / 60, m % 60);
	return out;
}

/* ---- the system's ---- */

/* Behind the folder of zones, where path leads there. */
static bool
take_name(const char *path, char out[ZONE_NAME_MAX])
{
	const char *at = strstr(path, "/zoneinfo/");
	struct zone z;

	at = at != NULL ? at + strlen("/zoneinfo/") : path;
	if (strlen(at) >= ZONE_NAME_MAX ||
	    zone_read(span_of(at), &z, NULL) != RC_OK)
		return false;
	zone_done(&z);
	snprintf(out, ZONE_NAME_MAX, "%s", at);
	return true;
}

const char *
zone_system(char out[ZONE_NAME_MAX])
{
	const char *tz = getenv("TZ");
	char path[4096];
	ssize_t n;

	if (tz != NULL && tz[0] != '\0' && take_name(tz + (tz[0] == ':'), out))
		return out;
	n = readlink("/etc/localtime", path, sizeof(path) - 1);
	path[MAX(n, 0)] = '\0';
	if (n <= 0 || strstr(path, "/zoneinfo/") == NULL ||
	    !take_name(path, out))
		snprintf(out, ZONE_NAME_MAX, "UTC");
	return out;
}
