/*
 * The model at one position, kept for who comes back there. What other models do not have of its pages can be packed: what most checkpoints hold are pages of maps that will have gone soon,
 * and most checkpoints are never asked for again. Part of the history.
 */
#ifndef VA_CHECKPOINT_H
#define VA_CHECKPOINT_H

#include "model.h"
#include "pagepack.h"

struct va_checkpoint {
	size_t at;
	struct va_model *model; /* owned; once something is packed, pages may be asked of copies made by va_checkpoint_model() only */
	size_t clean;           /* position from which on it leads to the truth: until then maps are needed that it has in their last state only */
	struct va_packed packed;
};

void va_checkpoint_free(struct va_checkpoint *c);
void va_checkpoint_pack(struct va_checkpoint *c); /* may be done again, when others have less in common with it */
struct va_model *va_checkpoint_model(const struct va_checkpoint *c); /* the caller's */

#endif
