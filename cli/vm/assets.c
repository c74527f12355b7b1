#include "vm/assets.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/vermagic.h"

static char *executable_dir(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return va_string("%s", ".");
	path[n] = 0;
	return va_string("%s", dirname(path));
}

/* format's one %s is the directory; the first candidate that exists. */
static char *find(const char *const formats[], const char *rest)
{
	const char *set = getenv("VMATLAS_DIR");
	char *dir = set && *set ? va_string("%s", set) : executable_dir();
	char *found = NULL;

	for (; !found && *formats; formats++) {
		found = va_string("%s/%s%s", dir, *formats, rest);
		if (access(found, F_OK)) {
			free(found);
			found = NULL;
		}
	}
	free(dir);
	return found;
}

static const char *const vm_dirs[] = { "vm", "../share/vmatlas/vm", NULL };
static const char *const module_dirs[] = { "module", "../share/vmatlas/module", NULL };
static const char *const program_dirs[] = { "", "../libexec/vmatlas/", NULL };

char *va_asset_collector(void)
{
	return find(program_dirs, "vmatlas-collect");
}

char *va_asset_module(const char *release)
{
	char *dir = find(module_dirs, ""), *found = NULL;
	DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *e;

	while (d && !found && (e = readdir(d))) {
		char *file = va_string("%s/%s/vmatlas.ko", dir, e->d_name);

		if (va_built_for(file, release))
			found = file;
		else
			free(file);
	}
	if (d)
		closedir(d);
	free(dir);
	return found;
}

#define DISTRIBUTION "distribution"

/* "6.12" but not "6.12-rt": a variant is taken only by name. */
static bool is_plain(const char *series)
{
	return series[strspn(series, "0123456789.")] == 0 && series[0] >= '0' && series[0] <= '9';
}

static bool is_complete(const char *vm, const char *series)
{
	char *path = va_string("%s/%s/initramfs.cpio", vm, series);
	bool there = !access(path, R_OK);

	free(path);
	return there;
}

static char *newest(const char *vm)
{
	DIR *d = opendir(vm);
	struct dirent *e;
	char *best = NULL;

	while (d && (e = readdir(d)))
		if (is_plain(e->d_name) && is_complete(vm, e->d_name) && (!best || strverscmp(e->d_name, best) > 0)) {
			free(best);
			best = va_string("%s", e->d_name);
		}
	if (d)
		closedir(d);
	return best;
}

static char *read_release(const char *vm, const char *series)
{
	char *path = va_string("%s/%s/release", vm, series);
	char line[128] = "";
	FILE *f = fopen(path, "re");

	if (f && fgets(line, sizeof(line), f))
		line[strcspn(line, "\n")] = 0;
	if (f)
		fclose(f);
	free(path);
	return va_string("%s", *line ? line : series);
}

static char *explain_missing(const char *series)
{
	static const char *const known[] = { "6.1", "6.12", "6.1-rt", "6.12-rt", "6.1-cloud", "6.12-cloud", DISTRIBUTION };

	if (!series)
		return va_string("no kernel is prepared for the VM: run 'make vm'");
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(series, known[i]) || !strncmp(series, "debug-", 6))
			return va_string("Linux %s is not prepared for the VM: run 'make vm KERNELS=%s'", series, series);
	return va_string("the VM has no kernel '%s': there are 6.1 and 6.12, each of them also with -rt or -cloud, and distribution", series);
}

bool va_kernel_find(struct va_kernel *k, const char *series, unsigned levels, char **why)
{
	char *vm = find(vm_dirs, "");
	char *name = !vm ? NULL : series ? va_string("%s", series) : newest(vm);

	if (vm && !name && is_complete(vm, DISTRIBUTION))
		name = va_string(DISTRIBUTION);

	*k = (struct va_kernel){ 0 };
	if (!name || strchr(name, '/') || !is_complete(vm, name)) {
		*why = explain_missing(series);
		free(name);
		free(vm);
		return false;
	}
	k->series = name;
	k->release = read_release(vm, name);
	/* Five levels are switched on by the part that unpacks the kernel; without it the start is seconds faster. */
	k->image = va_string("%s/%s/%s", vm, name, levels == 5 ? "vmlinuz" : "vmlinux");
	k->initramfs = va_string("%s/%s/initramfs.cpio", vm, name);
	free(vm);
	return true;
}

void va_kernel_free(struct va_kernel *k)
{
	free(k->series);
	free(k->release);
	free(k->image);
	free(k->initramfs);
	*k = (struct va_kernel){ 0 };
}
