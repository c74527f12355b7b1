#!/usr/bin/env python3
"""A redacted recording: none of the original's frames and names is left in its bytes, and the picture's structure is the same.

Two ways that must say the same: a real recording redacted afterwards (so both can be compared), and `record --redact` (nothing else was ever written).
"""
import json
import os
import re
import struct
from collections import Counter

from guest import BUILD, VMATLAS, WORKLOADS, Checks, Guest, Recording, bare, kernel_argument, number, run

HEADER, CHUNK = 256, struct.Struct("<IBBHIIQQ")
RECORD, FAULT, PAGES, LAYOUT = 128, 7, 15, 1
PFN = 0x000ffffffffff000
PUBLIC = ("/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/")


def unpacked(path):
    """(kind, payload) of every chunk."""
    data, at, parts = bare(path), HEADER, []
    while at + CHUNK.size <= len(data):
        _, kind, _, _, size, _, _, _ = CHUNK.unpack_from(data, at)
        parts.append((kind, data[at + CHUNK.size:at + CHUNK.size + size]))
        at += CHUNK.size + size
    return parts


def words_of(parts):
    """Every 8-byte word of the payload of records that hold entries, and every CR3."""
    frames = set()
    for kind, payload in parts:
        for at in range(0, len(payload), RECORD) if kind == 1 else ():
            which = struct.unpack_from("<H", payload, at + 12)[0]
            if which == FAULT:
                entries = struct.unpack_from("<6Q", payload, at + 48)
            elif which == PAGES:
                entries = struct.unpack_from("<10Q", payload, at + 48)
            elif which == LAYOUT:
                entries = (struct.unpack_from("<Q", payload, at + 120)[0] | 1,)
            else:
                continue
            frames |= {((e if e & 1 else ~e) & PFN) >> 12 for e in entries if e}
    return {f for f in frames if f > 255}


def names_of(recording, events):
    """Components of every path outside the system's directories, with what the recording says of the machine."""
    paths = {e["name"] for e in events if e.get("name")} | {e["path"] for e in events if e.get("path")} | {e["exe"] for e in events if e.get("exe")}
    own = {p for p in paths if "/" in p and not p.startswith(PUBLIC) and p not in ("/etc/ld.so.cache", "/dev/zero (deleted)", "/dev/zero")}
    parts = {part for path in own for part in re.sub(r" \(deleted\)$", "", path).split("/") if len(part) > 2}
    return {p for p in parts if p not in ("usr", "lib", "bin")}, own


def shape(recording, at):
    """What must be the same: mappings but for names; states of all pages; who shares a frame with whom, and whether huge pages are whole."""
    out = []
    for line in recording._vmatlas("dump", recording.path, "--at", at, "--all", "--pages", "--format", "json").decode().splitlines():
        one = json.loads(line)
        for vma in one["vmas"]:
            out.append([vma[k] for k in ("start", "end", "perms", "offset", "zone", "lib", "anon", "stale", "resident", "born", "changed")] +
                       [bool(vma["inode"]), [[r[k] for k in ("start", "count", "state", "present", "page_size")] for r in vma["pages"]]])
    return out


def frames_at(recording, at):
    """Frames in the order of the map, each by where it was met first: equal lists mean equal sharing."""
    first, out = {}, []
    for line in recording._vmatlas("dump", recording.path, "--at", at, "--all", "--pages", "--format", "json").decode().splitlines():
        for vma in json.loads(line)["vmas"]:
            for part in vma["pages"]:
                for frame in part["frames"] or []:
                    out.append(first.setdefault(frame, len(first)))
    return out


EVENT_KEYS = ("seq", "cpu", "ts", "type", "mm", "tgid", "tid", "addr", "kind", "error", "write", "major", "before_depth", "page_size", "call", "args", "result",
              "start", "end", "perms", "zone", "lo", "hi", "count", "child_tid", "status", "reason", "signal", "text")


def story(recording):
    return [[e.get(k) for k in EVENT_KEYS] for e in recording.events() if e["type"] != "text"]


def compare(checks, original, redacted, marks):
    old, new = original.events(), redacted.events()
    checks.equal(len(new), len(old), "as many events")
    at = next((i for i, (a, b) in enumerate(zip(story(original), story(redacted))) if a != b), None)
    checks.ok(at is None, "each event says the same but for names and frames", at is not None and "%s\n%s" % (story(original)[at], story(redacted)[at]))
    for moment in marks:
        checks.ok(shape(original, moment) == shape(redacted, moment), "%s: the same mappings, zones and page states" % moment)
        checks.ok(frames_at(original, moment) == frames_at(redacted, moment), "%s: frames shared as before" % moment)
    leaf = [(a, b) for a, b in zip(old, new) if a["type"] == "fault" and a["page_size"] == 2 << 20]
    checks.ok(leaf and all(a["pfn_after"] % 512 == b["pfn_after"] % 512 for a, b in leaf), "huge pages keep what lies within them (%d faults)" % len(leaf))
    moved = [(a["pfn_after"], b["pfn_after"]) for a, b in zip(old, new) if a["type"] == "fault" and a["pfn_after"]]
    checks.ok(moved and len({a for a, _ in moved}) == len({b for _, b in moved}) == len(set(moved)), "one made-up frame for each frame (%d)" % len(set(moved)))


def nothing_left(checks, name, parts, frames, names, secrets, captions=()):
    """captions: what marks say, which stays. Words of less than 4 letters may be a piece of some number in a record."""
    parts = [(kind, payload) for kind, payload in parts if kind != 10 or payload[8:].decode(errors="replace") not in captions]
    everything, texts = (b"\n".join(payload for kind, payload in parts if kind in kinds) for kinds in (range(256), (3, 4, 10)))
    left = sorted(frames & words_of(parts))
    checks.ok(frames and not left, "%s: none of %d frames is left" % (name, len(frames)), left[:10])
    wanted = names | set(secrets)
    left = sorted(w for w in wanted if re.search(rb"(?<![A-Za-z0-9_.-])" + re.escape(w.encode(errors="surrogateescape")) + rb"(?![A-Za-z0-9_-])",
                                                 everything if len(w) > 3 else texts))
    checks.ok(wanted and not left, "%s: none of %d names is left" % (name, len(wanted)), left[:10])


def tools_work(checks, path):
    picture = os.path.join(os.path.dirname(path), "redacted.png")
    for argv in (["stats", path], ["dump", path, "--all"], ["events", path], ["render", path, "-o", picture, "--size", "1280x720"]):
        done = run([VMATLAS, *argv])
        checks.ok(done.returncode == 0 and not done.stderr, "%s of a redacted recording" % argv[0], done.stderr.decode(errors="replace"))
    stats = Recording(path).stats()
    checks.ok(stats["redacted"] and not stats["invalid"] and not stats["malformed"] and not stats["lost"], "stats says redacted, nothing is invalid", json.dumps(stats)[:600])
    again = path + ".again"
    done = run([VMATLAS, "redact", path, "-o", again])
    checks.ok(done.returncode == 0 and Counter(e["type"] for e in Recording(again).events()) == Counter(e["type"] for e in Recording(path).events()),
              "redacted twice: as many events", done.stderr.decode(errors="replace"))


def main():
    kernel, checks = kernel_argument(), Checks()
    tour = os.path.join(BUILD, "demos", "tour")
    guest = Guest(kernel, "redact", ["sh", "-c", '"$1" >/dev/null; "$2" "$3/fork"; "$4" "$3/huge"', "tell-nobody", tour, os.path.join(WORKLOADS, "fork_cow"), "@",
                                     os.path.join(WORKLOADS, "huge")], ("--title", "a title"))
    original = guest.recording
    path = os.path.join(guest.directory, "redacted.vmatlas")
    done = run([VMATLAS, "redact", original.path, "-o", path])
    checks.ok(done.returncode == 0 and not done.stderr, "redact", done.stderr.decode(errors="replace"))
    parts, redacted = unpacked(original.path), Recording(path)
    frames, (names, own) = words_of(parts), names_of(original, original.events())
    facts = dict(payload.split(b"\0", 1) for kind, payload in parts if kind == 3)
    secrets = ["tell-nobody", facts[b"hostname"].decode(), facts[b"cmdline"].decode()]
    checks.ok(len(own) >= 3 and len(frames) > 200, "the original has something to hide (%d paths, %d frames)" % (len(own), len(frames)))
    nothing_left(checks, "redact", unpacked(path), frames, names, secrets, {e["text"] for e in original.events("mark")})
    caption = next(e["text"] for e in original.events("mark") if e["text"].startswith("The child writes"))
    compare(checks, original, redacted, ["mark:" + caption, "end"])
    tools_work(checks, path)

    live = Guest(kernel, "redact-live", [tour], ("--redact", "--drop-marks"))
    parts, names = unpacked(live.path), names | {"tour"}
    checks.equal(live.status, 0, "record --redact passes the status on")
    nothing_left(checks, "record --redact", parts, {0}, names, secrets)
    checks.ok(all(f >= 1 << 29 for f in words_of(parts)), "record --redact: every frame is made up")
    texts = [e["text"] for e in live.recording.events("mark")]
    checks.ok(len(texts) > 30 and all(re.fullmatch(r"mark \d+", t) for t in texts), "--drop-marks: marks say nothing", str(texts[:3]))
    with open(live.path, "rb") as file:
        checks.ok(live.recording.stats()["redacted"] and b"tour" not in file.read(), "it says redacted")
    checks.ok(sorted(number(e["addr"]) >> 44 for e in live.recording.faults() if e["kind"] == "huge"), "and its faults are all there")
    checks.end()


if __name__ == "__main__":
    main()
