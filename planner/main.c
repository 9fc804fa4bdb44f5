/* main.c - culprit-planner. */
#include "planner/planner.h"

int
main(int argc, char **argv)
{
	return agent_main(argc, argv, &planner_spec);
}
