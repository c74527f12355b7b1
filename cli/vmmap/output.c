#include "output.h"

#include <stdio.h>

#define MUCH 65536

void vm_json_flush(struct va_json *j)
{
	if (j->used < MUCH)
		return;
	fwrite(j->buf, 1, j->used, stdout);
	j->used = 0; /* not cleared: whether a comma comes next stays known */
}

void vm_json_end(struct va_json *j)
{
	va_json_newline(j);
	fwrite(j->buf, 1, j->used, stdout);
	va_json_free(j);
}
