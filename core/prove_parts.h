/* One process at one moment, as prove.c and prove_pages.c share it. */
#ifndef VA_PROVE_PARTS_H
#define VA_PROVE_PARTS_H

#include "prove.h"

void va_prove_pages(struct va_part *part);

#endif
