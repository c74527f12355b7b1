/* When each map of a history was first told of, ended, and so on: what there is to know before one goes far. By place in the order of appearance; positions. Part of the history. */
#ifndef VA_LIVES_H
#define VA_LIVES_H

#include "model.h"

struct va_life {
	size_t born, last;    /* before its first record, behind its last one */
	size_t ended, rested; /* behind its end, and behind that of the one with which its pages were given up; 0 = not yet */
	size_t forked;        /* behind the last fork that made another map of it */
	size_t parent;        /* whose fork made it; VA_NO_MAP = none */
};

struct va_lives {
	struct va_life *life;
	size_t count, room;
	size_t *ends; /* which maps have ended, one after the other */
	size_t end_count, end_room;
};

void va_lives_free(struct va_lives *l);
void va_lives_follow(struct va_lives *l, const struct va_model *latest, const struct vmatlas_record *rec, size_t count); /* rec, the count-th, has just been applied */
size_t va_lives_ended_at(const struct va_lives *l, size_t p); /* how many maps have ended at p */
bool va_lives_over(const struct va_lives *l, size_t first, size_t n, size_t p); /* n maps from that place on rest before p, and nothing was said of them since */

#endif
