/* What redact.c and redact_record.c share, and nobody else. */
#ifndef VA_REDACT_PARTS_H
#define VA_REDACT_PARTS_H

#include "disguise.h"
#include "redact.h"
#include "text.h"

enum va_role { VA_ROLE_PATH, VA_ROLE_SPECIAL, VA_ROLE_ANON, VA_ROLE_MARK };

struct va_wanted { /* a text that is used and has not come whole yet */
	__u64 id, made;
	enum va_role role;
};

struct va_redact {
	bool marks;
	va_redact_out out;
	void *ctx;
	__u32 levels;
	struct va_disguise disguise;
	struct va_texts *texts;     /* the real ones: in memory only */
	struct va_idmap known;      /* made-up ids that were asked for */
	struct va_idmap public;     /* hashes of names of programs that may be said, and of others: 1, 0 */
	struct va_wanted *wanted;
	size_t wanted_count, wanted_room;
	unsigned mark_count;
	struct vmatlas_record *records;
	size_t record_room;
};

__u64 va_redact_use(struct va_redact *r, enum va_role role, __u64 id); /* the made-up id; the text follows when it is whole */
int va_redact_tell(struct va_redact *r);                               /* says what is whole now */
int va_redact_records(struct va_redact *r, const struct vmatlas_chunk *c, const void *payload);

#endif
