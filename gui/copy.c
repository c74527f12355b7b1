#include "copy.h"

#include <stdio.h>
#include <string.h>

#include "inspect_parts.h"

static size_t maps_line(const struct va_look *look, __u64 addr, char *buf, size_t n)
{
	const struct va_vma *vma = look->mm ? va_mm_vma_at(look->mm, addr) : NULL;

	*buf = '\0';
	return vma ? va_maps_line(look->mm, vma, look->texts, look->header->rules, buf, n) : 0;
}

static void copy_results(const struct va_look *look, char *buf, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < look->search->count && at + VA_MAPS_LINE_MAX < n; i++) {
		const struct va_result *r = &look->search->result[i];
		const struct va_task *task = va_model_find_task(look->model, r->tgid);

		if (r->kind == VA_RESULT_PROCESS)
			at += (size_t)snprintf(buf + at, n - at, "%u %s\n", r->tgid, task ? task->comm : "?");
		else if (r->kind == VA_RESULT_VMA || va_mm_vma_at(look->mm, r->addr))
			at += maps_line(look, r->addr, buf + at, n - at);
		else
			at += (size_t)snprintf(buf + at, n - at, "%llx not mapped\n", r->addr);
	}
}

const char *va_copy_text(struct va_app *app, bool all, char *buf, size_t n, uint64_t now)
{
	const struct va_view *view = &app->view;
	struct va_look look;

	*buf = '\0';
	if (!app->ready)
		return NULL;
	va_app_look(app, &look, now);
	if (view->search.open && view->search.chosen >= app->search.count) {
		copy_results(&look, buf, n);
		return *buf ? "the search results are copied" : NULL;
	}
	if (!all && view->inspect.kind == VA_INSPECT_BOX && maps_line(&look, view->inspect.addr, buf, n))
		return "the mapping's line is copied, as /proc/PID/maps prints it";
	va_inspect_text(&look, buf, n);
	if (!*buf)
		return NULL;
	return view->inspect.kind == VA_INSPECT_PAGE ? "the page's facts are copied" : view->inspect.kind == VA_INSPECT_EVENT ? "the event's facts are copied" :
	       view->inspect.kind == VA_INSPECT_BOX ? "the mapping's facts are copied" : "the process's facts are copied";
}
