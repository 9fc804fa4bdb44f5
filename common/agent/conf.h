/*
 * conf.h - configuration: flags over environment over INI file over default.
 *
 * One table (conf_options.def) makes this struct, --help, and the checks. A
 * wrong value is refused with where it came from and what would be right.
 */
#ifndef COMMON_AGENT_CONF_H
#define COMMON_AGENT_CONF_H

#include "common/base/rc.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Who an option concerns; a set. */
enum conf_who {
	CONF_GATEWAY = 1,
	CONF_SUPERVISOR = 2,
	CONF_PLANNER = 4,
	CONF_EXECUTOR = 8,
	CONF_CLI = 16,
	CONF_WORKER = CONF_PLANNER | CONF_EXECUTOR,
	CONF_ALL = 31,
};

#define CONF_C_STR const char *
#define CONF_C_LIST const char *
#define CONF_C_SECRET const char *
#define CONF_C_INT int64_t
#define CONF_C_BOOL bool

enum { CONF_ARGS_MAX = 64 };

struct conf {
#define OPT(field, flag, type, def, min, max, who, help) CONF_C_##type field;
#include "common/agent/conf_options.def"
#undef OPT
	/* What is no option: positional arguments, borrowed from argv. */
	const char *args[CONF_ARGS_MAX];
	int n_args;
	const char *ini; /* the file that was named; NULL: none */
	int n_words; /* of them, those behind "--": options of nobody's */
	/* Asked for on the command line, for every process alike. */
	bool help, version, check, alive, once, explain, unsafe;
	struct conf_memory *memory;	/* owns the strings above */
};

/*
 * Reads argv, the environment and the INI file (--config FILE or
 * CULPRIT_CONFIG; else /etc/culprit.conf where it exists) for one kind of
 * process. data_dir, front and back are filled in where nobody set them.
 * An unknown flag or key, a missing value and one out of range are
 * RC_INVALID. The flags of other processes are refused unless who says
 * CONF_CLI, which may be given all of them to pass on.
 */
NODISCARD enum rc conf_load(struct conf *ret_conf, int argc, char **argv,
    unsigned who, struct err *err);

void conf_done(struct conf *c);

/* What --help prints about the options of who. */
void conf_help(FILE *out, unsigned who);

/* An option, as manuals and completions tell of it. */
struct conf_about {
	const char *flag;     /* without dashes; NULL: a secret has none */
	const char *variable;
	const char *def;      /* NULL: none */
	const char *help;
	bool is_number;       /* from min to max */
	bool is_switch;       /* yes or no */
	int64_t min, max;
};

/* Calls each for every option of who; a is valid for the call. */
void conf_describe(unsigned who,
    void (*each)(void *ctx, const struct conf_about *a), void *ctx);

/* Calls each for every option of who that has a value, as its flag and
 * text; secrets are left out. `culprit up` passes options on with it. */
void conf_each(const struct conf *c, unsigned who,
    void (*each)(void *ctx, const char *flag, const char *value), void *ctx);

/* Whether a variable, NAME=VALUE, holds a secret that is no business of who:
 * an option's that is another process's, or the key of a model's server, which
 * is the planner's. */
bool conf_is_hidden(const char *variable, unsigned who);

/* Where an option's value is from; the later outranks the earlier. */
enum conf_from {
	CONF_FROM_NOBODY,
	CONF_FROM_DEFAULT,
	CONF_FROM_FILE,
	CONF_FROM_ENV,
	CONF_FROM_FLAG,
};
enum conf_from conf_from(const struct conf *c, const char *flag);

/* Puts *value_or_file's secret into *ret (caller frees; NULL when neither is
 * set). The file's trailing line end is cut. RC_IO when it cannot be read. */
NODISCARD enum rc conf_secret(const char *value, const char *file,
    char **ret, struct err *err);

#endif
