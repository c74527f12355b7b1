/* A model as its own files see it. */
#ifndef VA_MODEL_PARTS_H
#define VA_MODEL_PARTS_H

#include "mm.h"
#include "tasks.h"

struct va_model {
	struct vmatlas_stream_header header;
	struct va_texts *texts; /* borrowed */
	__u64 now;
	struct va_model_counts counts;
	struct va_tasks tasks;
	struct va_shelf mms;                    /* struct va_mm */
	struct va_numbers mm_index;             /* id → index */
	__u32 last_mm, last_mm_at;              /* the last one asked for to write: most records are about the same again */
	__u32 ended[VA_ENDED_WITH_PAGES];       /* ids of the newest ended maps; a ring */
	size_t ended_count;
	size_t forgotten;                       /* how often va_model_forget() */
};

#endif
