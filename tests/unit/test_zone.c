/* test_zone.c - moments in time zones, of offsets and of the system's files. */
#include "common/base/zone.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>

static void
check(const char *name, int64_t t, const char *want)
{
	struct zone z;
	struct err err = {""};
	char text[ZONE_TEXT];

	ck_assert_msg(zone_read(span_of(name), &z, &err) == RC_OK, "%s: %s",
	    name, err.text);
	ck_assert_str_eq(zone_print(&z, t, ZONE_FULL, text), want);
	zone_done(&z);
}

static const struct {
	const char *name;
	int64_t t;
	const char *want;
} offsets[] = {
    {"", 1795831620, "2026-11-28 02:07:00 UTC"},
    {"UTC", 1795831620, "2026-11-28 02:07:00 UTC"},
    {"+00:00", 1795831620, "2026-11-28 02:07:00 UTC"},
    {"+08:00", 1795831620, "2026-11-28 10:07:00 +08:00"},
    {"-0330", 1795831620, "2026-11-27 22:37:00 -03:30"},
    {"+05:45", 0, "1970-01-01 05:45:00 +05:45"},
};

START_TEST(zone_takes_offsets)
{
	check(offsets[_i].name, offsets[_i].t, offsets[_i].want);
}
END_TEST

/* A file as zic writes it: one change, in 1980, and the rule behind it. */
static void
write_zone(const char *folder, const char *name, const char *rule)
{
	static const unsigned char head[44] = {'T', 'Z', 'i', 'f', '2'};
	unsigned char block[44] = {'T', 'Z', 'i', 'f', '2'};
	static const unsigned char body[] = {0, 0, 0, 0, 0x12, 0xce, 0x97,
	    0xf0,                   /* 1980-01-01 */
	    1,                      /* its type */
	    0, 0, 0, 0, 0, 0,       /* UTC */
	    0, 0, 0x0e, 0x10, 0, 0, /* an hour east */
	    'X', 'X', 'X', 0};
	auto_str path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	ck_assert(f != NULL);
	block[35] = 1; /* changes */
	block[39] = 2; /* types */
	block[43] = 4; /* letters */
	fwrite(head, 1, sizeof(head), f);
	fwrite(block, 1, sizeof(block), f);
	fwrite(body, 1, sizeof(body), f);
	fprintf(f, "\n%s\n", rule);
	fclose(f);
}

static char folder[] = "/tmp/culprit-zone-XXXXXX";

static void
zones_made(void)
{
	ck_assert(mkdtemp(folder) != NULL);
	write_zone(folder, "Made", "CET-1CEST,M3.5.0,M10.5.0/3");
	write_zone(folder, "South", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1");
	write_zone(folder, "Odd", "CET-1CEST,J60,J300");
	setenv("TZDIR", folder, 1);
}

static void
zones_gone(void)
{
	auto_str command = xasprintf("rm -r %s", folder);

	unsetenv("TZDIR");
	ck_assert_int_eq(system(command), 0);
}

START_TEST(zone_reads_the_systems_files)
{
	zones_made();
	check("Made", 0, "1970-01-01 00:00:00 UTC");
	/* By the file, then by the rule behind it: the hours around both
	 * changes of 2026. */
	check("Made", 1774745999, "2026-03-29 01:59:59 +01:00");
	check("Made", 1774746000, "2026-03-29 03:00:00 +02:00");
	check("Made", 1792889999, "2026-10-25 02:59:59 +02:00");
	check("Made", 1792890000, "2026-10-25 02:00:00 +01:00");
	check("South", 1774745999, "2026-03-28 21:59:59 -03:00");
	check("South", 1774746000, "2026-03-28 23:00:00 -02:00");
	zones_gone();
}
END_TEST

START_TEST(zone_refuses_what_is_none)
{
	static const struct {
		const char *name, *says;
	} bad[] = {
	    {"Nowhere/Land", "there is no time zone \"Nowhere/Land\" here"},
	    {"../../etc/passwd", "is no time zone"},
	    {"Made/../../x", "is no time zone"},
	    {"/etc/passwd", "is no time zone"},
	    {"+8", "is no time zone"},
	    {"+24:00", "is no time zone"},
	    {"8", "is no time zone"},
	    {"Odd", "cannot be read"},
	    {"an extraordinarily long name of a zone that no folder of zones "
	     "has",
		"is no time zone"},
	};

	zones_made();
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct zone z;
		struct err err = {""};

		ck_assert_msg(
		    zone_read(span_of(bad[i].name), &z, &err) != RC_OK, "%s",
		    bad[i].name);
		assert_contains(err.text, bad[i].says);
		assert_contains(err.text, "+08:00");
	}
	zones_gone();
}
END_TEST

START_TEST(zone_knows_days_there)
{
	struct zone z;

	ck_assert(zone_read(span_of("+08:00"), &z, NULL) == RC_OK);
	/* 23:59 and 00:01 there, of one day in UTC. */
	ck_assert(!zone_same_day(&z, 1795881540, 1795881660));
	ck_assert(zone_same_day(&z, 1795881660, 1795881660 + 3600));
	zone_done(&z);
}
END_TEST

START_TEST(zone_of_the_system_is_one)
{
	char name[ZONE_NAME_MAX];
	struct zone z;

	zones_made();
	setenv("TZ", ":Made", 1);
	ck_assert_str_eq(zone_system(name), "Made");
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	ck_assert(zone_read(span_of(zone_system(name)), &z, NULL) == RC_OK);
	zone_done(&z);
	zones_gone();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {zone_takes_offsets, (int)ARRAY_LEN(offsets)},
	    {zone_reads_the_systems_files, 0},
	    {zone_refuses_what_is_none, 0},
	    {zone_knows_days_there, 0},
	    {zone_of_the_system_is_one, 0},
	};

	return RUN_TESTS("zone", tests);
}
