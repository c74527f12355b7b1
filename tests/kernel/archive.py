"""A package archive made by hand: apt-get and apt-cache for a PATH of its own, which serve what a test says. For cli/vm/kernels.sh."""
import json
import os
import sys

# Started dozens of times: without what Python looks for at home, which takes longer than all the rest.
PROGRAM = "#!" + sys.executable + r''' -IS
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
words = [w for w in sys.argv[1:] if not w.startswith("-")]
with open(here + "/log", "a") as log:
    log.write(" ".join([os.path.basename(sys.argv[0])] + words) + "\n")
with open(here + "/packages") as file:
    archive = json.load(file)
known = archive["packages"] if archive["fresh"] or os.path.exists(here + "/updated") else {}
if words[0] == "pkgnames":
    print("\n".join(n for n in list(known) + archive["names"] if n.startswith(words[1])))
elif words[0] == "depends" and words[1] in known:
    print(words[1])
    for one in known[words[1]]:
        alternatives = one.split("|")
        for at, name in enumerate(alternatives):
            print("%sDepends: %s" % (" |" if at < len(alternatives) - 1 else "  ", name))
elif words[0] == "show" and words[1] in known:
    print("Package: %s\nVersion: 1.2-3\nFilename: pool/%s.deb\n" % (words[1], words[1]))
elif words[0] == "update":
    open(here + "/updated", "w").close()
elif words[0] == "download":
    import shutil
    for name in words[1:]:
        name = name.split("=")[0]
        if name not in known:
            sys.exit("E: Unable to locate package " + name)
        shutil.copy("%s/pool/%s.deb" % (here, name), ".")
else:
    sys.exit(100)
'''


class Archive:
    """packages: name -> what it depends on, "a|b" for alternatives. names: spoken of by other packages only. fresh: lists are there without update."""

    def __init__(self, directory, packages, names=(), fresh=True):
        self.directory = directory
        os.makedirs(os.path.join(directory, "pool"), exist_ok=True)
        with open(os.path.join(directory, "packages"), "w", encoding="utf-8") as file:
            json.dump({"packages": packages, "names": list(names), "fresh": fresh}, file)
        for program in ("apt-get", "apt-cache"):
            path = os.path.join(directory, program)
            with open(path, "w", encoding="utf-8") as file:
                file.write(PROGRAM)
            os.chmod(path, 0o755)

    def environment(self):
        return dict(os.environ, PATH=self.directory + ":" + os.environ["PATH"])

    def asked(self):
        """What it was asked, a line a call."""
        with open(os.path.join(self.directory, "log"), encoding="utf-8") as file:
            return file.read().splitlines()
