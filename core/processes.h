/* The processes of a model with what their threads add up to, and lists of them: sorted, filtered, ended ones folded into a count. */
#ifndef VA_PROCESSES_H
#define VA_PROCESSES_H

#include "model.h"

#define VA_NO_PROCESS ((size_t)-1)

struct va_process {
	__u32 tgid, ppid;
	size_t parent;          /* index; VA_NO_PROCESS = not among them */
	unsigned depth;         /* below the first ancestor among them */
	char comm[VMATLAS_COMM_LEN + 1];
	__u64 begin, end;       /* ts; end 0 = running */
	__u32 exit_code;        /* valid with end */
	__u32 threads;          /* that run */
	__u64 faults, major, calls;
	__u64 rss, peak;        /* pages, of its map as last told; 0 = not told */
	bool alive_below;       /* it or a descendant runs */
};

enum va_process_fold { VA_FOLD_AUTO, VA_FOLD_YES, VA_FOLD_NO };

struct va_processes {
	struct va_process *process; /* in order of appearance */
	size_t count, room, running;
	size_t pos;
	bool filled;
};

void va_processes_free(struct va_processes *ps);
/* As the model stands at pos; nothing is done where it has not moved. True where it has. */
bool va_processes_update(struct va_processes *ps, const struct va_model *model, size_t pos);
bool va_processes_folds(const struct va_processes *ps, enum va_process_fold fold); /* ended ones are folded */
size_t va_processes_find(const struct va_processes *ps, __u32 tgid); /* the newest with that number */
size_t va_processes_newest(const struct va_processes *ps);           /* the last that came; VA_NO_PROCESS = none */

enum va_process_sort { VA_SORT_BUSIEST, VA_SORT_NEWEST, VA_SORT_TREE, VA_SORTS };
enum va_process_filter { VA_FILTER_ALL, VA_FILTER_RUNNING, VA_FILTER_FAMILY, VA_FILTER_NAME, VA_FILTERS };

struct va_process_query {
	enum va_process_sort sort;
	enum va_process_filter filter; /* FAMILY: tgid, its ancestors and descendants; NAME: all that are called as tgid is */
	enum va_process_fold fold;     /* AUTO: where there are many, and some run */
	__u32 tgid;                    /* always listed */
};

struct va_process_list {
	size_t *index; /* into process */
	size_t count, room;
	size_t folded; /* ended ones that are not listed */
	__u64 folded_faults;
	bool can_fold; /* there is something to fold or to unfold */
};

void va_process_list_free(struct va_process_list *list);
void va_process_list_fill(struct va_process_list *list, const struct va_processes *ps, const struct va_process_query *q);

#endif
