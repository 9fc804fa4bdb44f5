/* main.c - the program culprit-up. */
#include "gateway/up/up.h"

int
main(int argc, char **argv)
{
	return up_main(argc, argv);
}
