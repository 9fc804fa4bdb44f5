/* endpoint.c - who can reach a ZeroMQ endpoint. */
#include "common/net/endpoint.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define IPC "ipc://"
#define TCP "tcp://"

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool
host_is_loopback(const char *host)
{
	struct in_addr a;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &a) == 1 &&
	       ntohl(a.s_addr) >> 24 == 127;
}

enum rc
endpoint_reach(const char *endpoint, enum endpoint_reach *ret, struct err *err)
{
	const char *host = endpoint + strlen(TCP);
	const char *colon = strrchr(endpoint, ':');

	if (begins(endpoint, IPC) && endpoint[strlen(IPC)] != '\0') {
		*ret = ENDPOINT_IPC;
		return RC_OK;
	}
	if (!begins(endpoint, TCP) || colon < host + 1 || colon[1] == '\0')
		return err_set(err, RC_INVALID,
		    "\"%s\" is neither ipc://PATH nor tcp://HOST:PORT",
		    endpoint);
	auto_str name = xstrndup(host, (size_t)(colon - host));

	*ret = host_is_loopback(name) ? ENDPOINT_LOOPBACK : ENDPOINT_OPEN;
	return RC_OK;
}

enum rc
endpoint_is_private(const char *endpoint, struct err *err)
{
	const char *path = endpoint + strlen(IPC);
	const char *slash = strrchr(endpoint, '/');
	struct stat st;

	if (!begins(endpoint, IPC))
		return RC_OK;
	if (path[0] == '@' || path[0] == '*')
		return err_set(err, RC_DENIED,
		    "every user of this machine could use %s; name a socket in "
		    "a folder of your own",
		    endpoint);
	auto_str folder = slash <= path
			      ? xstrdup(slash == path ? "/" : ".")
			      : xstrndup(path, (size_t)(slash - path));

	/* What is not there yet is refused by whoever binds. */
	if (stat(folder, &st) != 0 || (st.st_mode & 077) == 0)
		return RC_OK;
	return err_set(err, RC_DENIED,
	    "other users may enter %s (mode %04o), and whoever can open a "
	    "socket in it can take part; say chmod 700",
	    folder, (unsigned)(st.st_mode & 07777));
}
