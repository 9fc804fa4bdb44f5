/* listener.c - a bus that is bound at one endpoint, without keys. */
#include "tests/harness/listener.h"

enum rc
listener_open(zloop_t *loop, const char *endpoint, const struct bus_handler *h,
    struct bus **ret_bus, struct err *err)
{
	struct bus *b = bus_new_listener(loop, h);
	enum rc rc = bus_listen(b, endpoint, NULL, err);

	if (rc != RC_OK)
		bus_free(b);
	else
		*ret_bus = b;
	return rc;
}
