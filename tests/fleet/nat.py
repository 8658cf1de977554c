"""A node's packet rules: written by the tools that keep them, in a network namespace of their own,
and read back as the agent reads them. A recording takes the answers over."""

import json
import os
import pathlib
import subprocess

NETFILTER = 12
TOOLS = {  # in this order: rules name sets
    "ipset": ["ipset", "restore"],
    "nft": ["nft", "-f", "-"],
    "iptables": ["iptables-nft-restore", "--noflush"],
    "ip6tables": ["ip6tables-nft-restore", "--noflush"],
}
LEGACY = {"iptables": ["iptables-legacy-restore", "--noflush"],
          "ip6tables": ["ip6tables-legacy-restore", "--noflush"]}


def script(rules, tools):
    """A shell script that loads them all; each text is a here document."""
    lines = ["set -e", "ip link set lo up"]
    for number, (tool, text) in enumerate(rules):
        lines.append(" ".join(tools[tool]) + f" <<'END{number}'\n{text.rstrip()}\nEND{number}")
    return "\n".join(lines)


def in_order(parts):
    """(tool, text) of several parts' `nat`."""
    return [(tool, part[tool]) for tool in TOOLS for part in parts if tool in part]


def read_back(agent, parts, directory, legacy=False):
    """What a recording of those rules holds: (dumps with their messages, other answers, files)."""
    tools = {**TOOLS, **(LEGACY if legacy else {})}
    place = pathlib.Path(directory) / "rules"
    commands = script(in_order(parts), tools)
    commands += f"\nexec '{agent}' record '{place}' --pods.source=none"
    done = subprocess.run(["unshare", "--net", "--pid", "--mount", "--fork", "--mount-proc",
                           "sh", "-c", commands], capture_output=True, text=True, timeout=600,
                          env={**os.environ, "HOSTNET_LOG_LEVEL": "error"})
    if done.returncode != 0:
        raise RuntimeError(f"loading rules: exit {done.returncode}\n{done.stderr}{done.stdout}")
    index = json.loads((place / "index.json").read_text())
    dumps = []
    for entry in index["netlink"]:
        if entry["family"] != NETFILTER:
            continue
        answer = entry.get("error")
        if "file" in entry:
            answer = (place / "netlink" / entry["file"]).read_bytes()
        dumps.append((entry["doing"], entry["family"], entry["type"], entry["flags"],
                      bytes.fromhex(entry["body"]), answer))
    files = {}
    for path in place.glob("proc/**/ip*_tables_names"):
        files[str(path.relative_to(place))] = path.read_text()
    return dumps, {"ip_tables": index.get("ip_tables", {})}, files
