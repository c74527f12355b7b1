/* The inspector on a page, a process, an event. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "entry.h"
#include "inspect_parts.h"
#include "runs.h"

static const char *state_words(enum va_page_state state)
{
	static const char *const words[VA_STATES] = {
		[VA_STATE_UNKNOWN] = "not known: never seen, or records were lost since", [VA_STATE_ABSENT] = "not there: the next access faults",
		[VA_STATE_SEEN] = "there: the kernel's entry was read", [VA_STATE_DERIVED] = "there, as follows from an event",
		[VA_STATE_SWAPPED] = "swapped out", [VA_STATE_OTHER] = "neither there nor swapped: on its way, or marked",
	};

	return words[state];
}

static void entry_rows(struct va_sheet *s, const struct va_look *look, const struct va_page *page, __u64 addr)
{
	struct va_entry_rules rules = va_entry_rules(look->header);
	char words[512], bits[160], entry[200];

	if (!page->entry)
		return;
	snprintf(entry, sizeof(entry), "0x%016" PRIx64 "  %s", (uint64_t)page->entry, va_entry_bits(bits, sizeof(bits), page->level, page->entry, &rules));
	va_sheet_row(s, "entry", entry, VA_TEXT_MONO, s->style->theme->text, 0);
	va_sheet_row(s, "", va_entry_words(words, sizeof(words), page->level, page->entry, &rules), VA_TEXT_SMALL, s->style->theme->dim, 0);
	if (page->present)
		va_sheet_fact(s, "frame", "0x%llx (physical 0x%llx)%s", va_entry_pfn_at(page->level, page->entry, addr),
			      va_entry_pfn_at(page->level, page->entry, addr) << 12, va_entry_special(page->entry) ? ", the kernel's page of zeros or a device's" : "");
}

void va_inspect_page(struct va_sheet *s, const struct va_look *look, __u64 addr)
{
	struct va_page page = va_mm_page(look->mm, addr & ~4095ull);
	char at[32], age[32], clock[32], title[64];

	snprintf(title, sizeof(title), "Page %s", va_words_address(at, sizeof(at), addr & ~4095ull));
	va_sheet_heading(s, title);
	va_sheet_fact(s, "state", "%s%s", state_words(va_page_state(&page)), page.present && page.level < 4 ? "; part of a huge page" : "");
	entry_rows(s, look, &page, addr & ~4095ull);
	if (page.ts)
		va_sheet_fact(s, "known since", "%s, %s ago", va_words_clock(clock, sizeof(clock), page.ts - va_history_begin(look->play->history)),
			      va_words_time(age, sizeof(age), look->play->time > page.ts ? look->play->time - page.ts : 0));
	va_inspect_sharing(s, look, true);
}

struct sums {
	unsigned threads, running, children;
	__u64 faults, major, ops;
};

static struct sums sum_up(const struct va_look *look, __u32 tgid)
{
	struct sums sum = {0};

	for (size_t i = 0; i < va_model_task_count(look->model); i++) {
		const struct va_task *task = va_model_task(look->model, i);

		sum.children += task->tid == task->tgid && task->ppid == tgid;
		if (task->tgid != tgid)
			continue;
		sum.threads++;
		sum.running += !task->end;
		sum.faults += task->faults;
		sum.major += task->major;
		sum.ops += task->ops;
	}
	return sum;
}

static void memory_rows(struct va_sheet *s, const struct va_look *look)
{
	const struct vmatlas_mm_counts *c = look->mm ? va_mm_counts(look->mm) : NULL;
	char a[32], b[32], d[32];
	__u64 start_brk, brk;

	if (!c)
		return;
	va_sheet_heading(s, "Memory, as the kernel counts it");
	va_sheet_fact(s, "Rss", "%s anonymous, %s of files, %s shared memory", va_words_size(a, sizeof(a), c->rss_anon << 12),
		      va_words_size(b, sizeof(b), c->rss_file << 12), va_words_size(d, sizeof(d), c->rss_shmem << 12));
	va_sheet_fact(s, "mapped", "%s in %u mappings", va_words_size(a, sizeof(a), c->total_vm << 12), c->map_count);
	va_sheet_fact(s, "page tables", "%s", va_words_size(a, sizeof(a), c->pgtable_bytes));
	va_sheet_fact(s, "swap", "%s", va_words_size(a, sizeof(a), c->swap << 12));
	if (va_mm_brk(look->mm, &start_brk, &brk))
		va_sheet_fact(s, "heap by brk", "%s", va_words_size(a, sizeof(a), brk - start_brk));
}

static void end_words(char *buf, size_t n, const struct va_look *look, const struct va_task *task)
{
	char clock[32];
	int status = (int)task->exit_code;

	va_words_clock(clock, sizeof(clock), task->end - va_history_begin(look->play->history));
	if (WIFSIGNALED(status))
		snprintf(buf, n, "at %s, killed by signal %d", clock, WTERMSIG(status));
	else
		snprintf(buf, n, "at %s with status %d", clock, WEXITSTATUS(status));
}

static __u64 since_start(const struct va_look *look, __u64 ts)
{
	__u64 begin = va_history_begin(look->play->history);

	return ts > begin ? ts - begin : 0;
}

void va_inspect_process(struct va_sheet *s, const struct va_look *look)
{
	const struct va_task *task = look->task, *parent = task ? va_model_find_task(look->model, task->ppid) : NULL;
	char line[512], a[32], b[32], c[32];
	struct sums sum;
	const char *exe;

	if (!task) {
		va_sheet_heading(s, "Nothing is chosen");
		va_sheet_words(s, "Click a box of the map, a page, a process, a mark or an event.", s->style->theme->dim);
		return;
	}
	sum = sum_up(look, task->tgid);
	snprintf(line, sizeof(line), "%s, process %u", task->comm, task->tgid);
	va_sheet_heading(s, line);
	exe = va_texts_get(look->texts, task->exe_text);
	va_sheet_fact(s, "program", "%s", exe ? exe : "not told");
	if (parent) {
		snprintf(line, sizeof(line), "%s (%u)", parent->comm, parent->tgid);
		va_sheet_link(s, "parent", line, VA_ACT_PROCESS, parent->tgid, false);
	} else {
		va_sheet_fact(s, "parent", task->ppid ? "%u, not watched" : "not told", task->ppid);
	}
	va_sheet_fact(s, "began", "at %s", va_words_clock(a, sizeof(a), since_start(look, task->begin)));
	if (task->end)
		end_words(line, sizeof(line), look, task);
	va_sheet_fact(s, task->end ? "ended" : "runs", "%s", task->end ? line : "still");
	va_sheet_fact(s, "threads", "%u, %u running", sum.threads, sum.running);
	va_sheet_fact(s, "children", "%u", sum.children);
	va_sheet_fact(s, "so far", "%s page faults (%s major), %s calls that change memory", va_words_count(a, sizeof(a), sum.faults),
		      va_words_count(b, sizeof(b), sum.major), va_words_count(c, sizeof(c), sum.ops));
	memory_rows(s, look);
}

static void fault_rows(struct va_sheet *s, const struct va_look *look, const struct vmatlas_record *rec)
{
	const struct va_mm *mm = va_model_mm(look->model, rec->head.mm);
	const struct va_vma *vma = mm ? va_mm_vma_at(mm, rec->fault.addr) : NULL;
	char line[640], name[4200], at[32];

	va_sheet_link(s, "address", va_words_address(at, sizeof(at), rec->fault.addr), VA_ACT_FIND, rec->fault.addr, false);
	va_sheet_fact(s, "access", "%s", va_words_error(line, sizeof(line), rec));
	va_sheet_fact(s, "what was done", "%s",
		      va_words_fault(line, sizeof(line), rec, look->header->levels, mm, vma ? va_vma_name(mm, vma, look->texts, look->header->rules, name, sizeof(name)) : ""));
	va_sheet_fact(s, "counted as", "%s", va_fault_major(rec) ? "major" : rec->fault.counted == VMATLAS_COUNTED_NOT ? "not counted" : "minor");
}

void va_inspect_event(struct va_sheet *s, const struct va_look *look)
{
	size_t i = look->view->inspect.event;
	char line[640], clock[32];
	__u32 cpu;

	if (i >= va_history_count(look->play->history) || i < va_history_first(look->play->history)) {
		va_sheet_heading(s, i < va_history_first(look->play->history) ? "This event is no longer kept" : "No such event");
		return;
	}
	struct vmatlas_record rec = *va_history_record(look->play->history, i, &cpu);
	const struct va_task *task = va_model_find_task(look->model, rec.head.tid);

	va_sheet_heading(s, va_words_event(line, sizeof(line), &rec, look->header->levels, look->model));
	va_sheet_link(s, "when", va_words_clock(clock, sizeof(clock), since_start(look, rec.head.ts)), VA_ACT_SEEK, i + 1, false);
	snprintf(line, sizeof(line), "%s, process %u, thread %u, on CPU %u", task ? task->comm : "?", rec.head.tgid, rec.head.tid, cpu);
	if (rec.head.type != VMATLAS_LOSS)
		va_sheet_link(s, "who", line, VA_ACT_PROCESS, rec.head.tgid, false);
	if (*look->inspect->event_code)
		va_sheet_row(s, "from", look->inspect->event_code, VA_TEXT_MONO, s->style->theme->text, 0);
	if (rec.head.type == VMATLAS_OP || rec.head.type == VMATLAS_FAULT)
		va_sheet_fact(s, "took", "%s", va_words_time(clock, sizeof(clock), rec.head.aux));
	if (rec.head.type == VMATLAS_FAULT)
		fault_rows(s, look, &rec);
}
