/* System calls and other events in words. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "calls.h"
#include "words.h"

enum shape { SHAPE_PLAIN, SHAPE_RANGE, SHAPE_MMAP, SHAPE_BRK, SHAPE_PROTECT, SHAPE_REMAP };

/* How arguments are told; what is not here is told by name and result. */
static enum shape shape_of(int nr)
{
	switch (nr) {
	case SYS_mmap:
		return SHAPE_MMAP;
	case SYS_brk:
		return SHAPE_BRK;
	case SYS_mremap:
		return SHAPE_REMAP;
	case SYS_mprotect:
	case SYS_pkey_mprotect:
		return SHAPE_PROTECT;
	case SYS_munmap:
	case SYS_madvise:
	case SYS_mlock:
	case SYS_mlock2:
	case SYS_munlock:
	case SYS_mbind:
	case SYS_msync:
		return SHAPE_RANGE;
	default:
		return SHAPE_PLAIN;
	}
}

static const char *prot_word(__u64 prot)
{
	static const char *const words[] = {"no access", "read", "write", "read+write", "execute", "read+execute", "write+execute",
					    "read+write+execute"};
	return words[prot & 7];
}

static void say_args(char *buf, size_t n, const struct vmatlas_op *op)
{
	const __u64 *a = op->args;
	char size[32], more[32];

	switch (shape_of(op->nr)) {
	case SHAPE_MMAP:
		snprintf(buf, n, "%s, %s, %s%s%s", va_words_size(size, sizeof(size), a[1]), prot_word(a[2]),
			 a[3] & MAP_SHARED ? "shared" : "private", a[3] & MAP_ANONYMOUS ? " anonymous" : " file", a[3] & MAP_FIXED ? ", fixed" : "");
		break;
	case SHAPE_RANGE:
		snprintf(buf, n, "0x%" PRIx64 ", %s", (uint64_t)a[0], va_words_size(size, sizeof(size), a[1]));
		break;
	case SHAPE_PROTECT:
		snprintf(buf, n, "0x%" PRIx64 ", %s, %s", (uint64_t)a[0], va_words_size(size, sizeof(size), a[1]), prot_word(a[2]));
		break;
	case SHAPE_REMAP:
		snprintf(buf, n, "0x%" PRIx64 ", %s → %s", (uint64_t)a[0], va_words_size(size, sizeof(size), a[1]),
			 va_words_size(more, sizeof(more), a[2]));
		break;
	case SHAPE_BRK:
		snprintf(buf, n, "0x%" PRIx64, (uint64_t)a[0]);
		break;
	case SHAPE_PLAIN:
		snprintf(buf, n, "…");
	}
}

const char *va_words_op(char *buf, size_t n, const struct vmatlas_op *op)
{
	char name[32], args[160], result[48];

	say_args(args, sizeof(args), op);
	if (op->result < 0 && op->result > -4096)
		snprintf(result, sizeof(result), "%s", strerrorname_np((int)-op->result) ? strerrorname_np((int)-op->result) : "error");
	else if (op->result > 4096)
		snprintf(result, sizeof(result), "0x%" PRIx64, (uint64_t)op->result);
	else
		snprintf(result, sizeof(result), "%" PRId64, (int64_t)op->result);
	snprintf(buf, n, "%s(%s) = %s", va_call_name(op->nr, name, sizeof(name)), args, result);
	return buf;
}

static void say_exit(char *buf, size_t n, const struct vmatlas_record *rec)
{
	int status = (int)rec->head.aux;
	const char *what = rec->head.flags & VMATLAS_F_GROUP ? "the process" : "the thread";

	if (WIFSIGNALED(status))
		snprintf(buf, n, "exit: %s %.16s was killed by signal %d", what, rec->exit.comm, WTERMSIG(status));
	else
		snprintf(buf, n, "exit: %s %.16s ended with status %d", what, rec->exit.comm, WEXITSTATUS(status));
}

static void say_text(char *buf, size_t n, const char *before, const struct va_model *model, __u64 id)
{
	const char *text = va_texts_get(va_model_texts(model), id);

	snprintf(buf, n, "%s%s", before, text ? text : "(its text was lost)");
}

const char *va_words_event(char *buf, size_t n, const struct vmatlas_record *rec, unsigned levels, const struct va_model *model)
{
	char more[64];

	switch (rec->head.type) {
	case VMATLAS_OP:
		return va_words_op(buf, n, &rec->op);
	case VMATLAS_FAULT:
		snprintf(buf, n, "page fault at 0x%" PRIx64 ": %s", (uint64_t)rec->fault.addr, va_words_kind(va_fault_kind(rec, levels)));
		break;
	case VMATLAS_FORK:
		snprintf(buf, n, "fork: %s %u begins", rec->fork.child_tgid == rec->head.tgid ? "thread" : "child process", rec->fork.child_tid);
		break;
	case VMATLAS_EXEC:
		say_text(buf, n, "exec: a new map for ", model, rec->exec.path_text);
		break;
	case VMATLAS_EXIT:
		say_exit(buf, n, rec);
		break;
	case VMATLAS_MARK:
		say_text(buf, n, "mark: ", model, rec->mark.text);
		break;
	case VMATLAS_LOSS:
		snprintf(buf, n, "%s records lost here", va_words_count(more, sizeof(more), rec->loss.count));
		break;
	default:
		snprintf(buf, n, "record of type %u", rec->head.type);
	}
	return buf;
}
