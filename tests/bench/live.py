"""Parts of `make bench` about what is shown while it happens: timely, collector, soak, video. See bench.py, which calls them."""
import json
import os
import resource
import shutil
import struct
import subprocess
import time

FAULT, MARK = 7, 11  # include/vmatlas/wire.h


class Live:
    """bench: the module bench.py, for its tables, paths and programs."""

    def __init__(self, bench):
        self.bench = bench
        self.here = os.path.join(bench.ROOT, "tests", "bench")

    def vm(self, *argv, counted=False, cpus=2, limit=900, **more):
        """vmatlas … in the VM; counted: the guest's time is a count of instructions (icount/)."""
        env = dict(os.environ)
        if counted:
            env["PATH"] = os.path.join(self.here, "icount") + ":" + env["PATH"]
            cpus = 1
        at = argv.index("--")
        return subprocess.run([self.bench.VMATLAS, *argv[:at], "-q", "--vm=" + self.bench.KERNEL, "--cpus", str(cpus), *argv[at:]], env=env,
                              stdout=subprocess.PIPE, stdin=more.pop("stdin", subprocess.DEVNULL), check=False, timeout=limit, **more)

    # --- timely ------------------------------------------------------------------------------------------------------------

    @staticmethod
    def frames(path):
        """[(began, shown, [(ts, type)…])…]: gui/window_times.h."""
        with open(path, "rb") as file:
            data = file.read()
        at, found = 0, []
        while at + 32 <= len(data):
            began, shown, _, n = struct.unpack_from("<4Q", data, at)
            at += 32
            found.append((began, shown, [(ts, kind) for ts, kind, _ in struct.iter_unpack("<QII", data[at:at + 16 * n])]))
            at += 16 * n
        return found

    @staticmethod
    def quantile(values, part):
        values = sorted(values)
        return values[min(int(len(values) * part), len(values) - 1)] if values else float("nan")

    def lateness(self, frames, sent, same_clock):
        """ms from the kernel's time stamp to the frame, of each fault; and how far apart the clocks are at most.

        A mark cannot have been written before it was sent: so a moment of the recorded machine is this machine's at the earliest, and no fault was later than
        what comes out.
        """
        marks = [ts for _, _, records in frames for ts, kind in records if kind == MARK][1:-1] # "begin" and "end" are the program's own
        apart = max((b - a for a, b in zip(marks, sent)), default=0)
        if same_clock:
            if apart > 0:
                raise SystemExit("timely: a mark is older than its sending: the method is wrong")
            apart = 0
        return [(shown - ts - apart) / 1e6 for _, shown, records in frames for ts, kind in records if kind == FAULT]

    def timely_row(self, name, directory, said, same_clock):
        frames = self.frames(os.path.join(directory, "local.times"))
        with open(os.path.join(directory, "local.marks")) as file:
            sent = [int(line) for line in file]
        late = self.lateness(frames, sent, same_clock)
        first = next((i for i, (_, _, records) in enumerate(frames) if any(kind == FAULT for _, kind in records)), 0)
        work = [(shown - began) / 1e6 for began, shown, _ in frames[first:]]
        figures = {"faults": len(late), "a_second": said["pages"] / said["seconds"], "frames": len(work), "median_ms": self.quantile(late, 0.5),
                   "late_99_ms": self.quantile(late, 0.99), "most_ms": max(late, default=float("nan")), "work_median_ms": self.quantile(work, 0.5)}
        self.bench.note("timely", name, **figures)
        return (name, "%.0f" % figures["a_second"], figures["frames"], "%.1f" % figures["work_median_ms"],
                "%.1f / %.1f / %.1f" % (figures["median_ms"], figures["late_99_ms"], figures["most_ms"]))

    def timely_local(self, directory, rate, seconds, size, counted):
        self.vm("vm", "--share", directory, "--", os.path.join(self.here, "timely.sh"), self.bench.BUILD, directory, rate, seconds, size, counted=counted)
        with open(os.path.join(directory, "local.said")) as file:
            return json.load(file)

    def timely_vm(self, directory, rate, seconds, size):
        """The window here, the program in the guest; marks through the program's standard input."""
        times, marks = os.path.join(directory, "local.times"), os.path.join(directory, "local.marks")
        sender = subprocess.Popen([os.path.join(self.here, "marks.py"), marks], stdout=subprocess.PIPE)
        with open(times, "wb") as file:
            env = dict(os.environ, SDL_VIDEODRIVER="dummy", VMATLAS_TIMES_FD=str(file.fileno()), XDG_CONFIG_HOME=directory)
            window = subprocess.Popen([self.bench.VMATLAS, "run", "-q", "--vm=" + self.bench.KERNEL, "--size", size, "--", self.bench.path("timely"), rate, seconds],
                                      env=env, stdin=sender.stdout, stdout=subprocess.PIPE, pass_fds=(file.fileno(),))
        sender.stdout.close()
        said = json.loads(window.stdout.readline())
        sender.terminate()
        try:
            window.wait(2)
        except subprocess.TimeoutExpired:
            window.terminate()
        window.wait()
        sender.wait()
        return said

    def timely(self, _):
        rate, seconds = "10000", "10"
        directory = self.bench.path("live")
        os.makedirs(directory, exist_ok=True)
        rows = []
        said = self.timely_local(directory, rate, seconds, "1280x720", True)
        rows.append(self.timely_row("all in the guest, 1,000 M instructions/s", directory, said, True))
        said = self.timely_local(directory, rate, seconds, "1280x720", False)
        rows.append(self.timely_row("all in the guest, emulated as fast as it goes", directory, said, True))
        said = self.timely_vm(directory, rate, seconds, "1280x720")
        rows.append(self.timely_row("program in the guest, window here", directory, said, False))
        self.bench.table("From a fault's time stamp to the frame that shows it (1280×720), ms: median / 99 % / the worst",
                         ("", "faults/s", "frames", "work a frame", "late"), rows)

    # --- collector ---------------------------------------------------------------------------------------------------------

    def collector(self, _):
        seconds = "5"
        rows = []
        cases = [("10,000 faults/s, instructions counted", "10000", 1, True), ("50,000 faults/s, instructions counted", "50000", 1, True),
                 ("flat out, instructions counted", "0", 1, True), ("flat out, 2 CPUs", "0", 2, False), ("flat out, 4 CPUs", "0", 4, False)]
        for name, rate, cpus, counted in cases:
            done = self.vm("vm", "--", os.path.join(self.here, "collector.py"), self.bench.BUILD, rate, seconds, counted=counted, cpus=cpus)
            said = json.loads(done.stdout.decode().strip().splitlines()[-1])
            each = said["collector_seconds"] / said["records"] * 1e9
            rows.append((name, "%.0f" % (said["records"] / said["seconds"]), said["lost"], "%.1f %%" % (100 * said["collector_seconds"] / said["seconds"]), "%.0f ns" % each,
                         "%.1f %%" % (each * 1e5 / 1e9 * 100)))
            self.bench.note("collector", name, **said, ns_a_record=each)
        self.bench.table("The collector alone (counted: a ns is an instruction; the last column is worked out from the one before)",
                         ("", "records/s", "lost", "of a CPU", "a record", "of a CPU at 100,000/s"), rows)

    # --- video -------------------------------------------------------------------------------------------------------------

    STAND_IN = """#!/bin/sh
# Stands in for the encoder once: keeps what it was called with and the frames it was to get, and makes "a film".
for last; do :; done
printf '%s\\n' "$@" >"$FRAMES.called"
cat >"$FRAMES"
echo made >"$last"
"""

    def raw_frames(self, directory, render, film):
        """The encoder's arguments for this film, and a file of the frames it gets."""
        stand_in, frames = os.path.join(directory, "ffmpeg"), os.path.join(directory, os.path.basename(film) + ".raw")
        with open(stand_in, "w") as file:
            file.write(self.STAND_IN)
        os.chmod(stand_in, 0o755)
        subprocess.run([*render, "-o", film], env=dict(os.environ, PATH=directory + ":" + os.environ["PATH"], FRAMES=frames), check=True, stderr=subprocess.DEVNULL)
        os.unlink(stand_in)
        with open(frames + ".called") as file:
            arguments = file.read().splitlines()
        os.unlink(frames + ".called")
        return arguments, frames

    # How the encoder's program itself makes of pictures what render hands over (gui/planes.h).
    CONVERT = "scale=out_color_matrix=bt709:out_range=tv:flags=area+accurate_rnd+bitexact,format=yuv420p,"

    def encoders(self, directory, render, film):
        """{name: (argv, its film)}: the encoder alone, fed the pictures; fed what render hands over, which it need not convert any more."""
        arguments, planes = self.raw_frames(directory, render, film)
        _, pictures = self.raw_frames(directory, render, os.path.join(directory, "pictures.gif")) # a GIF's encoder gets the pictures themselves
        found = {}
        for name, frames in (("pictures", pictures), ("planes", planes)):
            argv, out = ["ffmpeg", *arguments[:-1], os.path.join(directory, name + ".mp4")], os.path.join(directory, name + ".mp4")
            argv[argv.index("-i") + 1] = frames
            if name == "pictures":
                argv[argv.index("-pix_fmt") + 1] = "bgra"
                argv[argv.index("-vf") + 1] = self.CONVERT + argv[argv.index("-vf") + 1]
            found[name] = (argv, out)
        return found, os.path.getsize(pictures)

    @staticmethod
    def clocked(argv):
        """(seconds by the clock, processor seconds of it and its children)"""
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def video(self, _):
        if not shutil.which("ffmpeg"):
            print("video: there is no ffmpeg here")
            return
        directory = self.bench.path("video")
        os.makedirs(directory, exist_ok=True)
        rows = []
        tour = os.path.join(self.bench.ROOT, "tests", "data", "tour.vmatlas")
        for width, height, seconds in ((640, 360, 1),) if self.bench.SMOKE else ((1280, 720, 4), (1920, 1080, 2)):
            film = os.path.join(directory, "film.mp4")
            render = [self.bench.VMATLAS, "render", tour, "--from", "24", "--to", str(24 + seconds), "--size", "%dx%d" % (width, height)]
            encoders, size = self.encoders(directory, render, film)
            count = size // (width * height * 4)
            runs = {"render": ([*render, "-o", film], film), **encoders}
            taken = {name: [] for name in runs}
            for _ in range(1 if self.bench.SMOKE else 5): # in turn, each time the fastest: all meet the same disturbances
                for name, (argv, _) in runs.items():
                    taken[name].append(self.clocked(argv))
            wall, cpu = ({name: min(t[i] for t in times) for name, times in taken.items()} for i in (0, 1))
            with open(film, "rb") as file:
                made = file.read()
            for name, (_, its) in encoders.items():
                with open(its, "rb") as file:
                    same = file.read() == made
                rows.append(("%d×%d, fed %s" % (width, height, name), count, "%.1f" % (count / wall[name]), "%.1f" % (count / wall["render"]), "%.2f" % (wall[name] / wall["render"]),
                             "%.1f / %.1f" % (1e3 * cpu[name] / count, 1e3 * cpu["render"] / count), "%.2f" % (cpu[name] / cpu["render"]), "yes" if same else "NO"))
                self.bench.note("video", "%dx%d, %s" % (width, height, name), frames=count, alone_seconds=wall[name], render_seconds=wall["render"],
                                ratio=wall[name] / wall["render"], alone_cpu_seconds=cpu[name], render_cpu_seconds=cpu["render"], cpu_ratio=cpu[name] / cpu["render"], same=same)
            shutil.rmtree(directory)
            os.makedirs(directory)
        self.bench.table("A film (H.264): the encoder alone, fed from a file, and render into the encoder; frames a second, and processor ms a frame with all children",
                         ("", "frames", "encoder alone", "render", "ratio", "ms: alone / render", "ratio", "the same film"), rows)

    # --- soak --------------------------------------------------------------------------------------------------------------

    def soak(self, _):
        """Memory of the flight recorder at full rate: once its history is full it must not grow by more than a twentieth any more."""
        seconds, kept = int(os.environ.get("BENCH_SOAK", "600")), 4
        done = self.vm("vm", "--", os.path.join(self.here, "soak.py"), self.bench.BUILD, str(seconds), str(kept), limit=seconds * 3 + 300)
        said = json.loads(done.stdout.decode().strip().splitlines()[-1])
        flat = said["alive"] and said["slope_kib_a_minute"] * seconds / 60 < said["rss_most_kib"] / 20
        self.bench.note("soak", "flight recorder", flat=flat, **said)
        self.bench.table("The flight recorder (%d MiB of history), every CPU mapping, faulting and unmapping flat out for %.0f s" % (kept, said["seconds"]),
                         ("", "records/s", "RAM at the beginning", "most", "at the end", "a minute", "flat"),
                         [("collector", "%.0f" % (said["records"] / said["seconds"]), *("%.1f MiB" % (said["rss_%s_kib" % k] / 1024) for k in ("first", "most", "last")),
                           "%+.0f KiB" % said["slope_kib_a_minute"], "yes" if flat else "NO")])
        print("  " + said["said"])
        grew = [] if flat else ["the flight recorder's"]
        grew += self.soak_window(seconds)
        if grew:
            raise SystemExit("soak: memory grew: " + ", ".join(grew))

    @staticmethod
    def slope(points):
        """Of (seconds, KiB): KiB a minute, by least squares."""
        n, sx, sy = len(points), sum(t for t, _ in points), sum(k for _, k in points)
        sxx, sxy = sum(t * t for t, _ in points), sum(t * k for t, k in points)
        return 60 * (n * sxy - sx * sy) / (n * sxx - sx * sx) if n > 1 else float("nan")

    def soak_window(self, seconds):
        """The same of a window here, on the same program in the VM, whose history has a limit; once that is reached."""
        kept = 16
        directory = self.bench.path("live")
        os.makedirs(directory, exist_ok=True)
        program = os.path.join(self.bench.BUILD, "tests", "workloads", "cpus_flat_out")
        env = dict(os.environ, SDL_VIDEODRIVER="dummy", VMATLAS_TIMES_FD="1", XDG_CONFIG_HOME=directory)
        with open(os.devnull, "wb") as nothing:
            window = subprocess.Popen([self.bench.VMATLAS, "run", "-q", "--vm=" + self.bench.KERNEL, "--cpus", "2", "--size", "1280x720", "--history", str(kept), "--", program, "-",
                                       "soak", "0", "4000000000"], env=env, stdin=subprocess.DEVNULL, stdout=nothing)
        points, began = [], time.monotonic()
        while time.monotonic() < began + seconds and window.poll() is None:
            time.sleep(1)
            with open("/proc/%d/status" % window.pid) as file:
                points += [(time.monotonic() - began, int(line.split()[1])) for line in file if line.startswith("VmRSS")]
        alive = window.poll() is None
        window.terminate()
        window.wait()
        later = [p for p in points if p[0] > seconds / 2]
        figures = {"seconds": seconds, "kept_mib": kept, "first_kib": points[0][1], "most_kib": max(k for _, k in points), "last_kib": points[-1][1],
                   "slope_kib_a_minute": self.slope(later), "alive": alive}
        flat = alive and figures["slope_kib_a_minute"] * seconds / 60 < figures["most_kib"] / 20
        self.bench.note("soak", "window", flat=flat, **figures)
        self.bench.table("A window on the same (--history %d), for %d s" % (kept, seconds), ("", "RAM at the beginning", "most", "at the end", "a minute", "flat"),
                         [("window", *("%.1f MiB" % (figures[k + "_kib"] / 1024) for k in ("first", "most", "last")), "%+.0f KiB" % figures["slope_kib_a_minute"], "yes" if flat else "NO")])
        return [] if flat else ["the window's"]

    def parts(self):
        return {"timely": self.timely, "collector": self.collector, "video": self.video, "soak": self.soak}
