#!/usr/bin/env python3
"""Prints which folder of the product builds on which, from their includes, the lowest first.

Fails on a circle, on an include of a folder that the folder's CMake target does not link,
and on a folder of more than 30 sources (collectors/ aside: it has one file a collector).
"""

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from graphlib import CycleError, TopologicalSorter

MOST_FILES = 30
TOPS = ("netlink", "collectors", "agent")


def tracked_sources():
    listed = subprocess.run(["git", "ls-files", *TOPS], capture_output=True, text=True, check=True)
    return [f for f in listed.stdout.split("\n") if f.endswith((".h", ".cpp", ".c"))]


def folders_included(source):
    with open(source, encoding="utf-8") as lines:
        for line in lines:
            if match := re.match(rf'#include "((?:{"|".join(TOPS)})/[^"]+)"', line):
                yield os.path.dirname(match[1])


def linked_targets():
    """Of each folder the folders that its target links: hostnet_library(NAME ... LINK ...)."""
    name_of, links_of = {}, {}
    for folder in {os.path.dirname(f) for f in tracked_sources()}:
        with open(f"{folder}/CMakeLists.txt", encoding="utf-8") as cmake:
            match = re.search(r"hostnet_library\((\w+)([^)]*)\)", cmake.read())
        if match:
            name_of[match[1]] = folder
            link = re.search(r"\bLINK\b(.*?)(?:\bLIBRARIES\b|$)", match[2], re.DOTALL)
            links_of[folder] = link[1].split() if link else []
    return {folder: {name_of[name] for name in names} for folder, names in links_of.items()}


def main():
    below = defaultdict(set)
    for source in tracked_sources():
        folder = os.path.dirname(source)
        below[folder] |= set(folders_included(source)) - {folder}
    try:
        order = list(TopologicalSorter(below).static_order())
    except CycleError as circle:
        sys.exit("folders include one another: " + " -> ".join(reversed(circle.args[1])))

    complaints = []
    links = linked_targets()
    for folder in order:
        print(f"{folder}: {' '.join(sorted(below[folder]))}")
        for missing in sorted(below[folder] - links.get(folder, below[folder])):
            complaints.append(f"{folder}/CMakeLists.txt does not link {missing}, which {folder} includes")
    for folder, files in Counter(map(os.path.dirname, tracked_sources())).items():
        if files > MOST_FILES and folder != "collectors":
            complaints.append(f"{folder} has {files} files, more than {MOST_FILES}")
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
