/* Animation is a function of (start, duration, now): nothing here keeps state, so the same moment always looks the same. */
#ifndef VA_ANIM_H
#define VA_ANIM_H

#include <math.h>

#include "theme.h"

/* 0 before start, 1 from start + duration on. */
static inline float va_anim(uint64_t start, uint64_t duration, uint64_t now)
{
	if (now <= start)
		return 0;
	return now - start >= duration ? 1 : (float)((double)(now - start) / (double)duration);
}

/* Fast first, then calm. */
static inline float va_ease(float t)
{
	float u = 1 - t;

	return 1 - u * u * u;
}

/* A little beyond the goal and back: for things that pop up. */
static inline float va_ease_back(float t)
{
	float u = t - 1, k = 1.4f;

	return 1 + (k + 1) * u * u * u + k * u * u;
}

/* 1 at start, fading to 0 at start + duration; 0 when never (start 0). */
static inline float va_glow(uint64_t start, uint64_t duration, uint64_t now)
{
	return start ? 1 - va_anim(start, duration, now) : 0;
}

#endif
