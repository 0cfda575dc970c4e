#!/usr/bin/python3
"""A STAND-IN for grubby and grub2-mkconfig, -set-default and -reboot, made by k8sboot's test lab.

They keep their state where the real ones do (/boot/grub2/grub.cfg and grubenv); nothing boots
from it. Which of them this is says the name it is called by.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

BOOT = Path("/boot")
CONFIGURATION = BOOT / "grub2/grub.cfg"
DEFAULTS = Path("/etc/default/grub")
ENTRY = re.compile(
    r"^menuentry '(?P<title>[^']*)' \{\n"
    r"\tlinux16 (?P<kernel>\S+) root=\S+ ?(?P<args>.*)\n",
    re.MULTILINE,
)
ROOT = "/dev/mapper/centos-root"


class Entry:
    def __init__(self, title, kernel, arguments):
        self.title, self.kernel, self.arguments = title, kernel, arguments

    def text(self):
        line = " ".join(["linux16", self.kernel, f"root={ROOT}", "ro", *self.arguments])
        initrd = self.kernel.replace("vmlinuz", "initramfs") + ".img"
        return f"menuentry '{self.title}' {{\n\t{line}\n\tinitrd16 {initrd}\n}}\n"


def entries():
    text = CONFIGURATION.read_text() if CONFIGURATION.exists() else ""
    found = ENTRY.finditer(text)
    return [Entry(m["title"], m["kernel"], [w for w in m["args"].split() if w != "ro"]) for m in found]


def write(all_entries, path=CONFIGURATION):
    Path(path).write_text("# Made by grub2-mkconfig\n" + "".join(entry.text() for entry in all_entries))


def mkconfig(argv):
    parser = argparse.ArgumentParser(prog="grub2-mkconfig")
    parser.add_argument("-o", "--output")
    options = parser.parse_args(argv)
    line = re.search(r'^GRUB_CMDLINE_LINUX="(.*)"', DEFAULTS.read_text(), re.M)
    releases = [path.name.partition("-")[2] for path in BOOT.glob("vmlinuz-*")]
    made = [
        Entry(f"CentOS Linux ({release}) 7 (Core)", f"/vmlinuz-{release}", line[1].split() if line else [])
        for release in sorted(releases, key=order, reverse=True)
    ]
    for entry in made:
        print(f"Found linux image: /boot{entry.kernel}", file=sys.stderr)
    write(made, options.output or "/dev/stdout")
    print("done", file=sys.stderr)


def order(release):
    return [
        (1, int(word), "") if word.isdigit() else (0, 0, word) for word in re.findall(r"\d+|[a-z]+", release)
    ]


def variable(name):
    listing = subprocess.run(["grub2-editenv", "-", "list"], capture_output=True, text=True).stdout
    return dict(row.split("=", 1) for row in listing.splitlines() if "=" in row).get(name, "0")


def assign(name, argv):
    if len(argv) != 1:
        sys.exit(f"usage: {Path(sys.argv[0]).name} MENU_ENTRY")
    subprocess.run(["grub2-editenv", "-", "set", f"{name}={argv[0]}"], check=True)


def default_index(known):
    wanted = variable("saved_entry")
    titles = [entry.title for entry in known]
    if wanted in titles:
        return titles.index(wanted)
    return int(wanted) if wanted.isdigit() and int(wanted) < len(known) else 0


def chosen(known, which):
    if which == "ALL":
        return known
    if which == "DEFAULT":
        return [known[default_index(known)]]
    found = [entry for entry in known if f"/boot{entry.kernel}" == which or entry.kernel == which]
    return found or sys.exit(f"grubby: no entry for {which}")


def describe(known, entry):
    print(f"index={known.index(entry)}\nkernel=/boot{entry.kernel}")
    print(f'args="ro {" ".join(entry.arguments)}"\nroot={ROOT}')
    print(f"initrd=/boot{entry.kernel.replace('vmlinuz', 'initramfs')}.img\ntitle={entry.title}")


def grubby(argv):
    parser = argparse.ArgumentParser(prog="grubby", allow_abbrev=False)
    for flag in ("--default-kernel", "--default-index", "--default-title", "--grub2"):
        parser.add_argument(flag, action="store_true")
    for option in (
        "--info",
        "--set-default",
        "--set-default-index",
        "--update-kernel",
        "--args",
        "--remove-args",
    ):
        parser.add_argument(option)
    options, known = parser.parse_args(argv), entries()
    if not known:
        sys.exit("grubby: no entries in /boot/grub2/grub.cfg")
    default = known[default_index(known)]
    if options.default_kernel:
        print(f"/boot{default.kernel}")
    if options.default_index:
        print(known.index(default))
    if options.default_title:
        print(default.title)
    for entry in chosen(known, options.info) if options.info else []:
        describe(known, entry)
    if options.set_default:
        assign("saved_entry", [chosen(known, options.set_default)[0].title])
    if options.set_default_index:
        assign("saved_entry", [known[int(options.set_default_index)].title])
    if options.update_kernel:
        update(known, options)


def update(known, options):
    added, removed = (options.args or "").split(), (options.remove_args or "").split()
    names = {word.partition("=")[0] for word in added}
    for entry in chosen(known, options.update_kernel):
        kept = [
            word
            for word in entry.arguments
            if word not in removed and word.partition("=")[0] not in names.union(removed)
        ]
        entry.arguments = kept + added
    write(known)


PROGRAMS = {
    "grubby": grubby,
    "grub2-mkconfig": mkconfig,
    "grub2-set-default": lambda argv: assign("saved_entry", argv),
    "grub2-reboot": lambda argv: assign("next_entry", argv),
}

if __name__ == "__main__":
    PROGRAMS[Path(sys.argv[0]).name](sys.argv[1:])
