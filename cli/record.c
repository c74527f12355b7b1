#include <stdio.h>

#include "commands.h"

int cmd_record(int argc, char **argv)
{
	fprintf(stderr, "vmatlas: record needs the launcher, which is on its way\n");
	return VA_EXIT_VM;
}
