#include "around.h"

#include <stdio.h>

#include "module.h"

#define SETTING "/sys/kernel/debug/fault_around_bytes"

void va_around_look(unsigned long *told)
{
	FILE *f = fopen(SETTING, "re");
	unsigned long bytes = 0;
	char text[24];

	if (!f)
		return;
	if (fscanf(f, "%lu", &bytes) == 1 && bytes != *told) {
		snprintf(text, sizeof(text), "%lu", bytes);
		if (!va_module_write("around", text))
			*told = bytes;
	}
	fclose(f);
}
