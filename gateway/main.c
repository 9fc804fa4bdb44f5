/* main.c - the process culprit-gateway. */
#include "gateway/gateway.h"

int
main(int argc, char **argv)
{
	return agent_main(argc, argv, &gateway_spec);
}
