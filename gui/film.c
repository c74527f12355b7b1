#include "film.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "planes.h"
#include "replace.h"

#define TAGS "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=iec61966-2-1" /* what va_planes_take() makes of sRGB */

struct va_film {
	char path[PATH_MAX];
	const struct va_png_text *texts;
	pid_t ffmpeg;   /* 0 = numbered PNGs */
	int pipe;
	FILE *said;     /* ffmpeg's stderr */
	struct va_replace file; /* what ffmpeg writes */
	unsigned frames;
	int w, h, error;
	void (*old_sigpipe)(int);
	/* The sender's, of ffmpeg's frames: */
	pthread_t sender;
	pthread_mutex_t lock;   /* protects what follows; the frame is the sender's while it is full */
	pthread_cond_t changed;
	struct va_planes planes; /* either of them */
	uint32_t *pixels;        /* a GIF's, which has colours of its own */
	bool full, ending;
	int send_error;
};

static const char *suffix(const char *path)
{
	const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');

	return dot && dot > (slash ? slash : path) ? dot : "";
}

static bool has_codec(const char *path)
{
	const char *s = suffix(path);

	return !strcmp(s, ".mp4") || !strcmp(s, ".webm") || !strcmp(s, ".gif") || !strcmp(s, ".mkv");
}

static bool is_dir(const char *path)
{
	struct stat st;
	size_t n = strlen(path);

	return (n && path[n - 1] == '/') || (!stat(path, &st) && S_ISDIR(st.st_mode));
}

bool va_film_is_one(const char *path)
{
	return has_codec(path) || is_dir(path);
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");
	char *list = strdup(path ? path : "/usr/bin:/bin"), *save = NULL, at[PATH_MAX];
	bool found = false;

	for (char *dir = list ? strtok_r(list, ":", &save) : NULL; dir && !found; dir = strtok_r(NULL, ":", &save))
		found = snprintf(at, sizeof(at), "%s/%s", dir, program) < (int)sizeof(at) && !access(at, X_OK);
	free(list);
	return found;
}

static bool is_gif(const char *path)
{
	return !strcmp(suffix(path), ".gif");
}

/* H.264 has even sizes only. */
static int coded(const char *path, int size)
{
	return is_gif(path) || !strcmp(suffix(path), ".webm") ? size : (size + 1) / 2 * 2;
}

static int add_arguments(const char **argv, int n, const char *const *more)
{
	while (*more)
		argv[n++] = *more++;
	return n;
}

static void run_ffmpeg(const char *path, int in, int err, int w, int h, int fps)
{
	static const char *const vp9[] = {"-c:v", "libvpx-vp9", "-crf", "28", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "6", "-pix_fmt", "yuv420p", "-vf", TAGS, NULL},
		*const h264[] = {"-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-vf", TAGS, NULL},
		*const gif[] = {"-filter_complex", "split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=bayer:bayer_scale=4", NULL},
		*const same_bytes[] = {"-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1", NULL};
	char size[32], rate[16];
	const char *argv[40] = {"ffmpeg", "-y", "-loglevel", "error", "-nostdin", "-f", "rawvideo", "-pix_fmt", is_gif(path) ? "bgra" : "yuv420p", "-s", size, "-r", rate, "-i", "-", "-an"};
	int n = 16;

	snprintf(size, sizeof(size), "%dx%d", coded(path, w), coded(path, h));
	snprintf(rate, sizeof(rate), "%d", fps);
	n = add_arguments(argv, n, is_gif(path) ? gif : !strcmp(suffix(path), ".webm") ? vp9 : h264);
	n = add_arguments(argv, n, same_bytes);
	argv[n++] = path;
	argv[n] = NULL;
	dup2(in, 0);
	dup2(err, 1);
	dup2(err, 2);
	signal(SIGPIPE, SIG_DFL);
	execvp("ffmpeg", (char *const *)(uintptr_t)argv);
	_exit(127);
}

static int write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Hands frames to ffmpeg while the next one is drawn. */
static void *send_frames(void *arg)
{
	struct va_film *f = arg;

	pthread_mutex_lock(&f->lock);
	for (;;) {
		while (!f->full && !f->ending)
			pthread_cond_wait(&f->changed, &f->lock);
		if (!f->full)
			break;
		pthread_mutex_unlock(&f->lock);
		int error = f->pixels ? write_all(f->pipe, f->pixels, (size_t)f->w * (size_t)f->h * 4) : write_all(f->pipe, f->planes.bytes, f->planes.size);

		pthread_mutex_lock(&f->lock);
		f->full = false;
		f->send_error = f->send_error ? f->send_error : error;
		pthread_cond_signal(&f->changed);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

static int start_sender(struct va_film *f)
{
	bool room = is_gif(f->path) ? (f->pixels = malloc((size_t)f->w * (size_t)f->h * 4)) != NULL
				    : va_planes_init(&f->planes, coded(f->path, f->w), coded(f->path, f->h));

	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	return room ? -pthread_create(&f->sender, NULL, send_frames, f) : -ENOMEM;
}

static void take(struct va_film *f, const struct va_canvas *c, struct va_rect r)
{
	if (!f->pixels)
		va_planes_take(&f->planes, c, r);
	for (int y = r.y; f->pixels && y < r.y + r.h; y++) {
		size_t at = (size_t)y * (size_t)f->w + (size_t)r.x;

		memcpy(f->pixels + at, c->pixels + at, (size_t)r.w * sizeof(*f->pixels));
	}
}

/* Waits for the frame before to be gone. */
static int send_frame(struct va_film *f, const struct va_canvas *c, const struct va_rect *changed, size_t n)
{
	pthread_mutex_lock(&f->lock);
	while (f->full)
		pthread_cond_wait(&f->changed, &f->lock);
	int error = f->send_error;

	pthread_mutex_unlock(&f->lock);
	if (error)
		return error;
	if (f->frames == 1)
		take(f, c, va_rect(0, 0, f->w, f->h));
	for (size_t i = 0; f->frames > 1 && i < n; i++)
		take(f, c, changed[i]);
	pthread_mutex_lock(&f->lock);
	f->full = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	return 0;
}

static void stop_sender(struct va_film *f)
{
	pthread_mutex_lock(&f->lock);
	f->ending = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->sender, NULL);
	f->error = f->error ? f->error : f->send_error;
	free(f->pixels);
	va_planes_destroy(&f->planes);
}

static int start_ffmpeg(struct va_film *f, int fps)
{
	int p[2];

	int error = va_replace_begin(&f->file, f->path);

	if (error)
		return error;
	f->said = tmpfile();
	if (!f->said || pipe2(p, O_CLOEXEC))
		return -errno;
	f->ffmpeg = fork();
	if (f->ffmpeg < 0)
		return -errno;
	if (!f->ffmpeg)
		run_ffmpeg(f->file.temp, p[0], fileno(f->said), f->w, f->h, fps);
	close(p[0]);
	f->pipe = p[1];
	fcntl(f->pipe, F_SETPIPE_SZ, 1 << 20); /* a frame is megabytes: sixteen times fewer turns */
	return start_sender(f);
}

/* NAME.mp4 without ffmpeg becomes the directory NAME */
static int use_directory(struct va_film *f)
{
	size_t n;

	if (has_codec(f->path)) {
		*(char *)(uintptr_t)suffix(f->path) = '\0';
		fprintf(stderr, "vmatlas: there is no ffmpeg here; the film becomes numbered pictures in %s/\n", f->path);
	}
	n = strlen(f->path);
	while (n > 1 && f->path[n - 1] == '/')
		f->path[--n] = '\0';
	return mkdir(f->path, 0777) && errno != EEXIST ? -errno : 0;
}

struct va_film *va_film_new(const char *path, int w, int h, int fps, const struct va_png_text *texts)
{
	struct va_film *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	snprintf(f->path, sizeof(f->path), "%s", path);
	f->texts = texts;
	f->w = w;
	f->h = h;
	f->old_sigpipe = signal(SIGPIPE, SIG_IGN);
	f->error = has_codec(path) && in_path("ffmpeg") ? start_ffmpeg(f, fps) : use_directory(f);
	if (!f->error)
		return f;
	fprintf(stderr, "vmatlas: %s: %s\n", f->path, strerror(-f->error));
	signal(SIGPIPE, f->old_sigpipe);
	free(f);
	return NULL;
}

int va_film_add(struct va_film *f, const struct va_canvas *c, const struct va_rect *changed, size_t n)
{
	char path[PATH_MAX + 32];

	f->frames++;
	if (f->ffmpeg)
		return f->error = send_frame(f, c, changed, n);
	snprintf(path, sizeof(path), "%s/%06u.png", f->path, f->frames);
	return f->error = va_png_write(c, path, f->texts);
}

/* Returns how many lines. */
static unsigned pass_on_stderr(struct va_film *f)
{
	char line[512];
	unsigned n = 0;

	rewind(f->said);
	for (; fgets(line, sizeof(line), f->said); n++)
		fprintf(stderr, "ffmpeg: %s", line);
	return n;
}

static bool is_empty(const char *path)
{
	struct stat st;

	return stat(path, &st) || (S_ISREG(st.st_mode) && !st.st_size);
}

static int end_ffmpeg(struct va_film *f)
{
	int status = 0;

	stop_sender(f);
	close(f->pipe);
	while (waitpid(f->ffmpeg, &status, 0) < 0 && errno == EINTR)
		;
	bool ended = WIFEXITED(status) && !WEXITSTATUS(status) && !f->error;
	/* It is told to speak of errors only, and may end with 0 all the same, as on a full disk. */
	bool good = !pass_on_stderr(f) && ended && !is_empty(f->file.temp);
	int error = va_replace_end(&f->file, good);

	fclose(f->said);
	if (good && error)
		fprintf(stderr, "vmatlas: %s: %s\n", f->path, strerror(-error));
	if (good)
		return error;
	if (ended)
		return fprintf(stderr, "vmatlas: %s: ffmpeg could not write it; no film was made\n", f->path), -EIO;
	fprintf(stderr, "vmatlas: %s: ffmpeg %s %d; no film was made\n", f->path, WIFSIGNALED(status) ? "was killed by signal" : "failed with exit code",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return -EIO;
}

int va_film_end(struct va_film *f)
{
	int error = f->ffmpeg ? end_ffmpeg(f) : f->error;

	if (!error)
		fprintf(stderr, "vmatlas: %s%s: %u pictures\n", f->path, f->ffmpeg ? "" : "/", f->frames);
	signal(SIGPIPE, f->old_sigpipe);
	free(f);
	return error;
}
