/*
 * resource.c - which resource an alert is about, and who may be using it.
 *
 * The query looks by name over everything the same machine exports, as a
 * subquery: rate() takes names away, so they are kept in a label first.
 */
#include "planner/rules/resource.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base/attr.h"
#include "common/json/tree.h"
#include "planner/rules/incident.h"
#include "planner/rules/promql.h"

enum { NAMES_MAX = 16, FAMILY_MAX = 64 };

static const struct resource resources[] = {
    {"cpu", {"CPU", "CPU"}, "cpu|load1|load5|load15|processor",
	".*cpu.*seconds.*total|.*cpu.*seconds", "", true, UNIT_CORES, 0.05},
    {"memory", {"内存", "memory"},
	"memory|mem|memavailable|memfree|rss|oom|swap",
	".*resident.*bytes|.*memory.*(bytes|rss)|.*working_set.*",
	"memtype=~\"resident|\"", false, UNIT_BYTES, 16 << 20},
    {"io", {"磁盘读写", "disk I/O"}, "disk|io|iops|iowait",
	".*(read|write|written).*bytes.*total", "", true, UNIT_BYTES_S,
	64 << 10},
    {"filesystem", {"磁盘空间", "disk space"},
	"filesystem|inode|inodes|fs|volume", ".*(write|written).*bytes.*total",
	"", true, UNIT_BYTES_S, 4 << 10},
    {"network", {"网络流量", "network traffic"},
	"network|receive|transmit|bandwidth|netdev",
	".*(receive|transmit|network|sent|recv).*bytes.*total", "", true,
	UNIT_BYTES_S, 64 << 10},
    {"descriptors", {"文件描述符", "file descriptors"},
	"fd|fds|filefd|descriptors|sockets", ".*open_(fds|filedesc)", "", false,
	UNIT_NONE, 64},
    {"threads", {"线程", "threads"}, "threads|procs|processes|tasks",
	".*num_(threads|procs)", "", false, UNIT_NONE, 32},
};

/* ---- which ---- */

/* Whether a word of the list is one of name's words, which anything but a
 * letter or digit ends, or a capital begins. */
static bool
has_word(struct span name, const char *word, size_t n)
{
	size_t i;

	for (i = 0; i + n <= name.n; i++) {
		bool starts = i == 0 ||
			      !isalnum((unsigned char)name.p[i - 1]) ||
			      (isupper((unsigned char)name.p[i]) &&
				  islower((unsigned char)name.p[i - 1]));
		bool ends = i + n == name.n ||
			    !isalnum((unsigned char)name.p[i + n]) ||
			    isupper((unsigned char)name.p[i + n]);

		if (starts && ends && strncasecmp(name.p + i, word, n) == 0)
			return true;
	}
	return false;
}

static bool
has_words(struct span name, const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, "|");

		if (has_word(name, words, n))
			return true;
		words += n + (words[n] == '|');
	}
	return false;
}

static const struct resource *
resource_in(struct span name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(resources); i++)
		if (has_words(name, resources[i].words))
			return &resources[i];
	return NULL;
}

const struct resource *
resource_of(struct span expr, const char *alert)
{
	struct span names[NAMES_MAX];
	int n = promql_metrics(expr, names, NAMES_MAX), i;

	for (i = 0; i < n; i++) {
		const struct resource *r = resource_in(names[i]);

		if (r != NULL)
			return r;
	}
	return resource_in(span_of(alert));
}

/* ---- who uses it ---- */

void
promql_put_string(struct buf *b, const char *s)
{
	buf_addc(b, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(b, '\\');
		if (*s == '\n')
			buf_adds(b, "\\n");
		else
			buf_addc(b, *s);
	}
	buf_addc(b, '"');
}

/* May it stand in an expression as it is? */
static bool
is_plain(const char *name)
{
	return strspn(name,
		   "abcdefghijklmnopqrstuvwxyz"
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:") == strlen(name);
}

/* Appends s for use in an RE2 inside a quoted string. */
static void
put_literal(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("\\.+*?()|[]{}^$", *s) != NULL)
			buf_adds(b, "\\\\");
		if (*s == '"')
			buf_addc(b, '\\');
		if (*s == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *s == '\n' ? ' ' : *s);
	}
}

bool
resource_is_of_machine(struct span expr)
{
	struct span names[NAMES_MAX];
	int n = promql_metrics(expr, names, NAMES_MAX), i;

	for (i = 0; i < n; i++)
		if (names[i].n > 5 && (memcmp(names[i].p, "node_", 5) == 0 ||
					  memcmp(names[i].p, "windo", 5) == 0))
			return true;
	return false;
}

/* The labels that say where: on the same machine, in the same pod. A port
 * belongs to the exporter, not to the machine. */
static bool
put_place(struct buf *b, const cJSON *labels, bool machine)
{
	static const struct {
		const char *key;
		bool is_host;
	} places[] = {{"pod", false}, {"instance", true}, {"node", true},
	    {"host", true}, {"hostname", true}, {"nodename", true},
	    {"namespace", false}, {"service", false}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(places); i++) {
		const char *value = tree_str(labels, places[i].key);
		const char *colon = strrchr(value, ':');
		char host[256];

		if (value[0] == '\0' || (machine && !places[i].is_host))
			continue;
		if (!places[i].is_host || colon == NULL || colon == value) {
			buf_addf(b, "%s=", places[i].key);
			promql_put_string(b, value);
			return true;
		}
		snprintf(
		    host, sizeof(host), "%.*s", (int)(colon - value), value);
		buf_addf(b, "%s=~\"", places[i].key);
		put_literal(b, host);
		buf_adds(b, "(:[0-9]+)?\"");
		return true;
	}
	return false;
}

/* The first two words of a metric's name: the family it belongs to. */
static void
family_of(struct span name, char out[FAMILY_MAX])
{
	size_t i, words = 0;

	for (i = 0; i < name.n && i < FAMILY_MAX - 1; i++) {
		if (name.p[i] == '_' && ++words == 2)
			break;
		out[i] = name.p[i];
	}
	out[i] = '\0';
}

/* What the alert itself reads is the symptom, its own family as well. */
static void
put_not_own(struct buf *b, struct span expr)
{
	struct span names[NAMES_MAX];
	int n = promql_metrics(expr, names, NAMES_MAX), i;

	for (i = 0; i < n; i++) {
		char family[FAMILY_MAX];

		family_of(names[i], family);
		buf_adds(b, ",__name__!~\"");
		put_literal(b, family);
		buf_adds(b, "(_.*)?\"");
	}
}

bool
resource_users_query(struct buf *b, const struct resource *r, struct span expr,
    const cJSON *labels, int top, int range_s)
{
	auto_buf place = {.max = 4096};

	if (!put_place(&place, labels, resource_is_of_machine(expr)))
		return false;
	buf_addf(b, "topk(%d, ", top);
	if (r->counter)
		buf_adds(b, "sum without (cpu, mode, core, device) (rate(");
	buf_addf(
	    b, "label_replace({__name__=~\"%s\",%s", r->users, buf_str(&place));
	if (r->also[0] != '\0')
		buf_addf(b, ",%s", r->also);
	if (resource_is_of_machine(expr))
		put_not_own(b, expr);
	buf_adds(b, "}, \"metric\", \"$1\", \"__name__\", \"(.+)\")");
	if (r->counter)
		buf_addf(b, "[%ds:%ds]))", range_s, MAX(range_s / 12, 1));
	buf_addc(b, ')');
	return true;
}

void
resource_anywhere_query(
    struct buf *b, const struct resource *r, struct span expr)
{
	buf_addf(b, "count by (__name__) ({__name__=~\"%s\"", r->users);
	if (r->also[0] != '\0')
		buf_addf(b, ",%s", r->also);
	if (resource_is_of_machine(expr))
		put_not_own(b, expr);
	buf_adds(b, "})");
}

bool
resource_is_kind(const struct resource *r, const char *kind)
{
	static const char *const kinds[][2] = {{"cpu", "CPU"},
	    {"memory", "memory"}, {"io", "disk"}, {"filesystem", "disk"},
	    {"network", "network"}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(r->key, kinds[i][0]) == 0)
			return strcmp(kind, kinds[i][1]) == 0;
	return false;
}

void
resource_user_query(
    struct buf *b, const struct resource *r, const cJSON *user, int range_s)
{
	const char *metric = tree_str(user, "metric");
	bool any = !is_plain(metric); /* then its name is a matcher */
	const cJSON *l;

	if (r->counter)
		buf_adds(b, "sum without (cpu, mode, core, device) (rate(");
	buf_addf(b, "%s{", any ? "" : metric);
	if (any) {
		buf_adds(b, "__name__=");
		promql_put_string(b, metric);
	}
	cJSON_ArrayForEach (l, user) {
		if (!cJSON_IsString(l) || strcmp(l->string, "metric") == 0 ||
		    strcmp(l->string, "__name__") == 0)
			continue;
		buf_adds(b, any ? "," : "");
		if (is_plain(l->string))
			buf_adds(b, l->string);
		else
			promql_put_string(b, l->string);
		buf_addc(b, '=');
		promql_put_string(b, l->valuestring);
		any = true;
	}
	buf_addc(b, '}');
	if (r->counter)
		buf_addf(b, "[%ds]))", range_s);
}

static const struct {
	const char *key;
	const char *word[REPORT_LANGS];
} keys[] = {
    {"groupname", {"进程组", "process group"}},
    {"process", {"进程", "process"}},
    {"process_name", {"进程", "process"}},
    {"comm", {"进程", "process"}},
    {"exe", {"程序", "program"}},
    {"container", {"容器", "container"}},
    {"container_name", {"容器", "container"}},
    {"pod", {"Pod", "pod"}},
    {"pod_name", {"Pod", "pod"}},
    {"service", {"服务", "service"}},
    {"name", {"容器", "container"}},
    {"unit", {"系统单元", "unit"}},
    {"app", {"应用", "application"}},
    {"user", {"用户", "user"}},
    {"job", {"任务 (job)", "job"}},
};

const char *
resource_user_key(
    const cJSON *user, const cJSON *alert_labels, const char **ret_value)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		const char *value = tree_str(user, keys[i].key);

		if (value[0] == '\0' ||
		    tree_is(alert_labels, keys[i].key, value))
			continue;
		/* A job stands for a program only in what the program says
		 * of itself. */
		if (strcmp(keys[i].key, "job") == 0 &&
		    strncmp(tree_str(user, "metric"), "process_", 8) != 0)
			continue;
		*ret_value = value;
		return keys[i].key;
	}
	return NULL;
}

const char *
resource_key_word(const char *key, enum report_lang lang)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(key, keys[i].key) == 0)
			return keys[i].word[lang];
	return key;
}
