/* main.c - culprit(1). */
#include "gateway/cli/cmd.h"

int
main(int argc, char **argv)
{
	return cmd_main(argc, argv);
}
