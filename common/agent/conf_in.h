/* conf_in.h - what the files of conf.h share. */
#ifndef COMMON_AGENT_CONF_IN_H
#define COMMON_AGENT_CONF_IN_H

#include "common/agent/conf.h"

#include <stddef.h>

enum type { TYPE_STR, TYPE_LIST, TYPE_SECRET, TYPE_INT, TYPE_BOOL };

/* CULPRIT_DATA_DIR for data-dir. */
void conf_env_name(const char *flag, char *ret, size_t size);

#endif
