/* JSON to standard output. */
#ifndef VM_OUTPUT_H
#define VM_OUTPUT_H

#include "json.h"

void vm_json_flush(struct va_json *j); /* between two values: what is in the buffer goes out when it is much. The memory needed stays the same, however many there are */
void vm_json_end(struct va_json *j);   /* a newline, all goes out, the buffer is freed */

#endif
