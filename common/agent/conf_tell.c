/* conf_tell.c - the option table told: to --help, manuals, other programs. */
#include "common/agent/conf_in.h"

#include <string.h>

#include "common/wire/proto.h"

static const struct opt {
	const char *flag;
	enum type type;
	const char *def;
	int64_t min, max;
	unsigned who;
	const char *help;
} opts[] = {
#define OPT(field, flag, type, def, min, max, who, help)                       \
	{flag, TYPE_##type, def, min, max, who, help},
#include "common/agent/conf_options.def"
#undef OPT
};

void
conf_env_name(const char *flag, char *ret, size_t size)
{
	size_t i;

	snprintf(ret, size, "CULPRIT_%s", flag);
	for (i = 8; ret[i] != '\0'; i++)
		ret[i] = ret[i] == '-'                    ? '_'
			 : ret[i] >= 'a' && ret[i] <= 'z' ? (char)(ret[i] - 32)
							  : ret[i];
}

void
conf_describe(unsigned who, void (*each)(void *ctx, const struct conf_about *a),
    void *ctx)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(opts); i++) {
		const struct opt *o = &opts[i];
		char name[64];

		if ((o->who & who) == 0)
			continue;
		conf_env_name(o->flag, name, sizeof(name));
		each(ctx, &(struct conf_about){
			      .flag = o->type != TYPE_SECRET ? o->flag : NULL,
			      .variable = name,
			      .def = o->def,
			      .help = o->help,
			      .is_number = o->type == TYPE_INT,
			      .is_switch = o->type == TYPE_BOOL,
			      .min = o->min,
			      .max = o->max});
	}
}

static void
help_line(void *out, const struct conf_about *a)
{
	if (a->flag == NULL)
		fprintf(out, "  %-38s", "");
	else
		fprintf(out, "  --%-36s", a->flag);
	fprintf(out, " %-34s %s%s%s%s\n", a->variable, a->help,
	    a->def != NULL ? " [" : "", a->def != NULL ? a->def : "",
	    a->def != NULL ? "]" : "");
}

void
conf_help(FILE *out, unsigned who)
{
	fputs("Options (flag, environment variable, or key of the INI file "
	      "given by --config):\n",
	    out);
	conf_describe(who, help_line, out);
	fputs("  --config FILE, --check, --help, --version\n", out);
}

bool
conf_is_hidden(const char *variable, unsigned who)
{
	static const char of_models[] = "_API_KEY";
	size_t n = strcspn(variable, "="), k = strlen(of_models), i;

	if (n > k && strncmp(variable + n - k, of_models, k) == 0)
		return (who & CONF_PLANNER) == 0;
	for (i = 0; i < ARRAY_LEN(opts); i++) {
		char name[64];

		conf_env_name(opts[i].flag, name, sizeof(name));
		if (opts[i].type == TYPE_SECRET && strlen(name) == n &&
		    strncmp(variable, name, n) == 0)
			return (opts[i].who & who) == 0;
	}
	return false;
}
