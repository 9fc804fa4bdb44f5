/* cmd_options.c - the options of commands, and how they end. */
#include "gateway/cli/cmd.h"

const struct cmd_option cmd_options[OPT_N] = {
    [OPT_AT] = {"at", "TIME",
	"the moment it is about: RFC 3339 or seconds "
	"since the epoch (default: now)"},
    [OPT_WINDOW] = {"window", "DURATION",
	"how far to look back from it, "
	"e.g. 30m or 1800 (seconds)"},
    [OPT_LABELS] = {"labels", "a=b,c=d",
	"look only at alerts and series "
	"with these labels"},
    [OPT_LANGUAGE] = {"language", "zh|en",
	"language of the report "
	"(CULPRIT_LANGUAGE; default: that of LC_ALL, LC_MESSAGES or LANG, else "
	"the gateway's)"},
    [OPT_TIMEZONE] = {"timezone", "ZONE",
	"time zone of the report, e.g. Europe/Berlin or +08:00 "
	"(CULPRIT_TIMEZONE; default: the supervisor's)"},
    [OPT_JSON] = {"json", NULL, "JSON on stdout; events as one line each"},
    [OPT_HTML] = {"html", NULL,
	"one HTML file on stdout, with plots and all that the report cites"},
    [OPT_ASYNC] = {"async", NULL, "start it, print its id, do not wait"},
    [OPT_LIMIT] = {"limit", "N", "at most this many, up to 200 (default: 20)"},
    [OPT_STATUS] = {"status", "STATUS",
	"only running, completed, "
	"incomplete, failed or cancelled ones"},
    [OPT_SINCE] = {"since", "TIME",
	"only those started then or later, e.g. -24h"},
    [OPT_UNTIL] = {"until", "TIME", "only those started before"},
    [OPT_ALERT] = {"alert", "NAME", "only those about that alert"},
    [OPT_TEXT] = {"text", "WORDS",
	"only those with all of these words in question, answer or names of "
	"alerts"},
    [OPT_BEFORE] = {"before", "N", "older ones: where a list ended"},
    [OPT_AGENT] = {"agent", "AGENT", "planner (the default) or executor"},
    [OPT_FROM] = {"from", "SEQ",
	"what happened from this event on (default: "
	"from the first)"},
    [OPT_FORK] = {"fork", NULL,
	"do it anew, as a run of its own that is "
	"watched like a new one"},
    [OPT_INPUT] = {"input", "TEXT", "with --fork: another question"},
};

const char cmd_exits[] =
    "Exit status: 0 a completed report; 1 incomplete, failed, cancelled or "
    "refused,\nfor replay also where answers differ; 2 wrong usage; 3 no "
    "gateway answers.\n";

unsigned
cmd_who(const struct cmd *c)
{
	if (c->run == NULL)
		return CONF_ALL;
	return c->who != 0 ? c->who : CONF_CLI;
}
