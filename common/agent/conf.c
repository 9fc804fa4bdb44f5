/*
 * conf.c - one option table, four sources.
 *
 * Invariant: a value is stored with where it is from, and one from a lower
 * place never replaces it; so the order of reading does not matter.
 */
#include "common/agent/conf_in.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/zone.h"
#include "common/wire/proto.h"

enum { SECRET_BYTES_MAX = 16384, MEMORY_MAX = 512,
	INI_LINE_BYTES_MAX = 198, LIST_MAX = 32 };

#define INI_DEFAULT "/etc/culprit.conf"

static const struct opt {
	const char *flag;
	enum type type;
	size_t offset;
	const char *def;
	int64_t min, max;
	unsigned who;
	const char *help;
} opts[] = {
#define OPT(field, flag, type, def, min, max, who, help)                       \
	{flag, TYPE_##type, offsetof(struct conf, field), def, min, max, who,  \
	    help},
#include "common/agent/conf_options.def"
#undef OPT
};

struct conf_memory {
	char *strings[MEMORY_MAX];
	int n;
	enum conf_from from[ARRAY_LEN(opts)];
};

static const char *
keep(struct conf *c, char *s)
{
	struct conf_memory *m = c->memory;

	if (m->n == MEMORY_MAX)
		abort();
	m->strings[m->n++] = s;
	return s;
}

static const struct opt *
opt_find(const char *flag, size_t n)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(opts); i++)
		if (strlen(opts[i].flag) == n &&
		    strncmp(opts[i].flag, flag, n) == 0)
			return &opts[i];
	return NULL;
}

static enum rc
parse_int(const struct opt *o, const char *text, int64_t *ret, struct err *err)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < o->min ||
	    v > o->max)
		return err_set(err, RC_INVALID,
		    "%s must be a whole number from %lld to %lld, not \"%s\"",
		    o->flag, (long long)o->min, (long long)o->max, text);
	*ret = v;
	return RC_OK;
}

static enum rc
parse_bool(const struct opt *o, const char *text, bool *ret, struct err *err)
{
	static const char *const words[] = {"no", "yes", "false", "true", "0",
	    "1", "off", "on"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i], text) == 0) {
			*ret = i % 2 == 1;
			return RC_OK;
		}
	}
	return err_set(err, RC_INVALID, "%s must be yes or no, not \"%s\"",
	    o->flag, text);
}

/* One more line of the list at *at. */
static enum rc
add_line(struct conf *c, const struct opt *o, const char **at,
    const char *text, struct err *err)
{
	const char *p;
	int n = 1;

	for (p = *at; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	if (n == LIST_MAX)
		return err_set(err, RC_TOOBIG, "more than %d of %s", LIST_MAX,
		    o->flag);
	*at = keep(c, xasprintf("%s\n%s", *at, text));
	return RC_OK;
}

/* Stores one value unless one from a higher place is there already. */
static enum rc
opt_set(struct conf *c, const struct opt *o, enum conf_from from, const char *text,
    struct err *err)
{
	char *at = (char *)c + o->offset;
	enum conf_from *have = &c->memory->from[o - opts];

	if (*have > from)
		return RC_OK;
	if (*have == from && o->type == TYPE_LIST && text[0] != '\0' &&
	    *(const char **)(void *)at != NULL)
		return add_line(c, o, (const char **)(void *)at, text, err);
	*have = from;
	switch (o->type) {
	case TYPE_INT:
		return parse_int(o, text, (int64_t *)(void *)at, err);
	case TYPE_BOOL:
		return parse_bool(o, text, (bool *)(void *)at, err);
	case TYPE_STR:
	case TYPE_LIST:
	case TYPE_SECRET:
		*(const char **)(void *)at =
		    text[0] != '\0' ? keep(c, xstrdup(text)) : NULL;
		return RC_OK;
	}
	return RC_OK;
}

static enum rc
load_defaults(struct conf *c, struct err *err)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; i < ARRAY_LEN(opts) && rc == RC_OK; i++)
		if (opts[i].def != NULL)
			rc = opt_set(c, &opts[i], CONF_FROM_DEFAULT, opts[i].def,
			    err);
	return rc;
}

static enum rc
load_env(struct conf *c, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(opts); i++) {
		char name[64];
		const char *v;

		conf_env_name(opts[i].flag, name, sizeof(name));
		v = getenv(name);
		if (v == NULL || v[0] == '\0')
			continue;
		if (opt_set(c, &opts[i], CONF_FROM_ENV, v, err) != RC_OK)
			return err_prefix(err, RC_INVALID, "%s", name);
	}
	return RC_OK;
}

struct ini_load {
	struct conf *c;
	const char *path;
	struct err *err;
	enum rc rc;
};

static int
ini_value(void *user, const char *section, const char *key, const char *value)
{
	struct ini_load *l = user;
	const struct opt *o = opt_find(key, strlen(key));

	if (o == NULL || o->type == TYPE_SECRET)
		l->rc = err_set(l->err, RC_INVALID,
		    o == NULL ? "there is no setting \"%s\"%s%s" :
				"%s is a secret: use its variable or its "
				"-file setting%s%s",
		    key, section[0] != '\0' ? " in section " : "", section);
	else
		l->rc = opt_set(l->c, o, CONF_FROM_FILE, value, l->err);
	return l->rc == RC_OK;
}

/* The library cuts longer lines and reads the rest as another setting. */
static enum rc
ini_check_lines(const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	size_t room = 0;
	ssize_t n = 0;
	char *line = NULL;
	int number = 0;
	enum rc rc = RC_OK;

	while (f != NULL && rc == RC_OK && (n = getline(&line, &room, f)) >= 0)
		if (++number > 0 && n > INI_LINE_BYTES_MAX)
			rc = err_set(err, RC_INVALID,
			    "%s line %d is over %d bytes; use the variable of "
			    "that setting instead", path, number,
			    INI_LINE_BYTES_MAX);
	free(line);
	if (f != NULL)
		fclose(f);
	return rc;
}

static enum rc
load_ini(struct conf *c, const char *path, bool must, struct err *err)
{
	struct ini_load l = {c, path, err, RC_OK};
	int line;

	if (ini_check_lines(path, err) != RC_OK)
		return RC_INVALID;
	line = ini_parse(path, ini_value, &l);
	if (line == 0 || (line == -1 && !must))
		return RC_OK;
	if (line == -1)
		return err_set(err, RC_INVALID, "cannot read %s: %s", path,
		    strerror(errno));
	if (l.rc == RC_OK)
		err_set(err, RC_INVALID, "not \"key = value\"");
	return err_prefix(err, RC_INVALID, "%s line %d", path, line);
}

struct flags {
	struct conf *c;
	unsigned who;
	const char *ini;
};

/* The flags every process has. */
static bool
flag_common(struct conf *c, const char *name)
{
	static const struct {
		const char *name;
		size_t offset;
	} common[] = {
		{"help", offsetof(struct conf, help)},
		{"version", offsetof(struct conf, version)},
		{"check", offsetof(struct conf, check)},
		{"alive", offsetof(struct conf, alive)},
		{"once", offsetof(struct conf, once)},
		{"explain", offsetof(struct conf, explain)},
		{"unsafe", offsetof(struct conf, unsafe)},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(common); i++) {
		if (strcmp(common[i].name, name) == 0) {
			*((bool *)(void *)((char *)c + common[i].offset)) =
			    true;
			return true;
		}
	}
	return false;
}

static enum rc
flag_set(struct flags *f, const char *name, size_t n, const char *value,
    struct err *err)
{
	const struct opt *o = opt_find(name, n);

	if (n == 6 && strncmp(name, "config", n) == 0) {
		f->ini = value;
		return RC_OK;
	}
	if (o == NULL || ((o->who & f->who) == 0 && (f->who & CONF_CLI) == 0))
		return err_set(err, RC_INVALID,
		    "there is no flag --%.*s here; see --help", (int)n, name);
	if (o->type == TYPE_SECRET)
		return err_set(err, RC_INVALID,
		    "--%s would show a secret to every user of this machine: "
		    "use the variable or the -file setting", o->flag);
	return opt_set(f->c, o, CONF_FROM_FLAG, value, err);
}

static bool
flag_is_known(const struct flags *f, const char *name, size_t n)
{
	const struct opt *o = opt_find(name, n);

	return (n == 6 && strncmp(name, "config", n) == 0) ||
	    (o != NULL && ((o->who & f->who) != 0 || (f->who & CONF_CLI) != 0));
}

static enum rc
arg_keep(struct conf *c, const char *arg, struct err *err)
{
	if (c->n_args == CONF_ARGS_MAX)
		return err_set(err, RC_TOOBIG, "more than %d arguments",
		    CONF_ARGS_MAX);
	c->args[c->n_args++] = arg;
	return RC_OK;
}

static enum rc
load_flags(struct flags *f, int argc, char **argv, struct err *err)
{
	enum rc rc = RC_OK;
	int i;

	for (i = 1; i < argc && rc == RC_OK; i++) {
		const char *a = argv[i];
		size_t n;

		if (strcmp(a, "--") == 0) {
			f->c->n_words = argc - i - 1;
			while (++i < argc && rc == RC_OK)
				rc = arg_keep(f->c, argv[i], err);
			break;
		}
		if (strcmp(a, "-h") == 0)
			a = "--help";
		if (strncmp(a, "--", 2) != 0) {
			rc = arg_keep(f->c, a, err);
			continue;
		}
		a += 2;
		n = strcspn(a, "=");
		if (a[n] == '\0' && flag_common(f->c, a))
			continue;
		/* What is no option is left to the process, which refuses
		 * what it does not know either. */
		if (!flag_is_known(f, a, n)) {
			rc = arg_keep(f->c, argv[i], err);
			continue;
		}
		if (a[n] == '\0' && i + 1 == argc)
			rc = err_set(err, RC_INVALID, "--%s needs a value", a);
		else
			rc = flag_set(f, a, n,
			    a[n] == '=' ? a + n + 1 : argv[++i], err);
	}
	return rc;
}

/* `up` prints where it listens as a URL. */
static void
tidy_listen(struct conf *c)
{
	if (c->listen != NULL && strncmp(c->listen, "http://", 7) == 0)
		c->listen = keep(c, xasprintf("%.*s",
		    (int)strcspn(c->listen + 7, "/"), c->listen + 7));
}

static void
fill_paths(struct conf *c)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (c->data_dir == NULL && geteuid() == 0)
		c->data_dir = keep(c, xstrdup("/var/lib/culprit"));
	else if (c->data_dir == NULL && state != NULL && state[0] == '/')
		c->data_dir = keep(c, xasprintf("%s/culprit", state));
	else if (c->data_dir == NULL)
		c->data_dir = keep(c, xasprintf("%s/.local/state/culprit",
		    home != NULL ? home : "."));
	if (c->front == NULL)
		c->front = keep(c, xasprintf("ipc://%s/front.sock",
		    c->data_dir));
	if (c->back == NULL)
		c->back = keep(c, xasprintf("ipc://%s/back.sock",
		    c->data_dir));
}

/* How reports are written. */
static enum rc
check_reports(const struct conf *c, struct err *err)
{
	struct zone zone = {0};
	enum rc rc = RC_OK;

	if (c->language != NULL && strcmp(c->language, "zh") != 0 &&
	    strcmp(c->language, "en") != 0)
		return err_set(err, RC_INVALID,
		    "language must be zh or en, not \"%s\"", c->language);
	if (c->public_url != NULL &&
	    ((strncmp(c->public_url, "http://", 7) != 0 &&
		 strncmp(c->public_url, "https://", 8) != 0) ||
		strpbrk(c->public_url, " \t\r\n\"<>`") != NULL))
		return err_set(err, RC_INVALID,
		    "public-url must be like https://culprit.example, not "
		    "\"%s\"",
		    c->public_url);
	if (c->timezone != NULL)
		rc = zone_read(span_of(c->timezone), &zone, err);
	zone_done(&zone);
	return rc == RC_OK ? rc : err_prefix(err, RC_INVALID, "timezone");
}

static enum rc
load_all(struct conf *c, int argc, char **argv, unsigned who, struct err *err)
{
	struct flags f = {.c = c, .who = who, .ini = getenv("CULPRIT_CONFIG")};
	enum rc rc = load_flags(&f, argc, argv, err);

	/* As with every variable: empty is not set. */
	if (f.ini != NULL && f.ini[0] == '\0')
		f.ini = NULL;
	if (f.ini != NULL)
		c->ini = keep(c, xstrdup(f.ini));
	if (rc == RC_OK)
		rc = load_env(c, err);
	if (rc == RC_OK)
		rc = load_ini(c, f.ini != NULL ? f.ini : INI_DEFAULT,
		    f.ini != NULL, err);
	if (rc == RC_OK)
		rc = load_defaults(c, err);
	if (rc == RC_OK)
		rc = check_reports(c, err);
	if (rc == RC_OK) {
		fill_paths(c);
		tidy_listen(c);
	}
	return rc;
}

enum rc
conf_load(struct conf *ret_conf, int argc, char **argv, unsigned who,
    struct err *err)
{
	struct conf c;
	enum rc rc;

	memset(&c, 0, sizeof(c));
	c.memory = xcalloc(1, sizeof(*c.memory));
	rc = load_all(&c, argc, argv, who, err);
	if (rc != RC_OK) {
		conf_done(&c);
		return rc;
	}
	*ret_conf = c;
	return RC_OK;
}

void
conf_done(struct conf *c)
{
	int i;

	if (c->memory == NULL)
		return;
	for (i = 0; i < c->memory->n; i++) {
		/* A secret shall not lie about in freed memory. */
		explicit_bzero(c->memory->strings[i],
		    strlen(c->memory->strings[i]));
		free(c->memory->strings[i]);
	}
	free(c->memory);
	c->memory = NULL;
}

void
conf_each(const struct conf *c, unsigned who,
    void (*each)(void *ctx, const char *flag, const char *value), void *ctx)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(opts); i++) {
		const struct opt *o = &opts[i];
		const char *at = (const char *)c + o->offset;
		const char *s = NULL;
		char number[24];

		if ((o->who & who) == 0 || o->type == TYPE_SECRET)
			continue;
		if (o->type == TYPE_INT) {
			snprintf(number, sizeof(number), "%lld",
			    (long long)*(const int64_t *)(const void *)at);
			s = number;
		} else if (o->type == TYPE_BOOL) {
			s = *(const bool *)(const void *)at ? "yes" : "no";
		} else {
			s = *(const char *const *)(const void *)at;
		}
		if (s != NULL)
			each(ctx, o->flag, s);
	}
}

enum conf_from
conf_from(const struct conf *c, const char *flag)
{
	const struct opt *o = opt_find(flag, strlen(flag));

	return o != NULL ? c->memory->from[o - opts] : CONF_FROM_NOBODY;
}

enum rc
conf_secret(const char *value, const char *file, char **ret, struct err *err)
{
	char text[SECRET_BYTES_MAX];
	FILE *f;
	size_t n;
	int failed;

	if (file == NULL) {
		*ret = value != NULL ? xstrdup(value) : NULL;
		return RC_OK;
	}
	f = fopen(file, "re");
	if (f == NULL)
		return err_set(err, RC_IO, "cannot read %s: %s", file,
		    strerror(errno));
	errno = 0;
	n = fread(text, 1, sizeof(text), f);
	failed = ferror(f) != 0 ? errno : 0;
	fclose(f);
	if (failed != 0)
		return err_set(err, RC_IO, "cannot read %s: %s", file,
		    strerror(failed));
	if (n == sizeof(text)) {
		explicit_bzero(text, sizeof(text));
		return err_set(err, RC_TOOBIG,
		    "%s is too long for a secret; the limit is %d bytes", file,
		    SECRET_BYTES_MAX - 1);
	}
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	text[n] = '\0';
	if (n == 0)
		return err_set(err, RC_INVALID, "%s is empty", file);
	*ret = xstrdup(text);
	explicit_bzero(text, sizeof(text));
	return RC_OK;
}
