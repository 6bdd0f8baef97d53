#!/usr/bin/env python3
"""Puts what a branch brings into openapi.json, its tests and docs/api.md, once that branch is merged.

    functions/api/openapi-later/apply.py gerrit search language pages http

Lists grow by what they lack; all else is merged as in RFC 7396. What was applied is removed from here;
when nothing is left, remove this folder.
"""
import hashlib
import json
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DOCUMENT = HERE.parent / "src/openapi.json"
CODE = HERE.parent / "src/openapi.rs"
TARGETS = ROOT / "tests/it/openapi.rs"
EXAMPLES = ROOT / "docs/api.md"


def merged(old, new):
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merged(old.get(key), value) for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list):
        return [item for item in new if item not in old] + old
    return new


def text(value, depth=0, column=0):
    """JSON with what fits into a line on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value:
        return flat
    if isinstance(value, dict):
        open_, close = "{", "}"
        parts = [(json.dumps(key, ensure_ascii=False) + ": ", item) for key, item in value.items()]
        flat = "{ " + ", ".join(key + text(item, -1) for key, item in parts) + " }"
    else:
        open_, close = "[", "]"
        parts = [("", item) for item in value]
        flat = "[" + ", ".join(text(item, -1) for item in value) + "]"
    if depth < 0 or len(flat) + column <= 100:
        return flat
    pad = "  " * (depth + 1)
    lines = [pad + key + text(item, depth + 1, len(pad) + len(key) + 1) for key, item in parts]
    return f"{open_}\n" + ",\n".join(lines) + "\n" + "  " * depth + close


def change(path, pattern, replacement):
    old = path.read_text()
    new, count = re.subn(pattern, lambda _: replacement, old, count=1, flags=re.M)
    if count != 1:
        sys.exit(f"{path} has no {pattern}")
    path.write_text(new)


for name in sys.argv[1:]:
    patch = json.loads((HERE / f"{name}.json").read_text())
    document = merged(json.loads(DOCUMENT.read_text()), patch["document"])
    DOCUMENT.write_text(text(document) + "\n")
    lines = "".join(f'    "{target}",\n' for target in patch["targets"])
    change(TARGETS, r"^];\n", lines + "];\n")
    examples = (HERE / f"{name}.md").read_text()
    change(EXAMPLES, r"^What was not there, or malformed:$", examples + "\nWhat was not there, or malformed:")
    (HERE / f"{name}.json").unlink()
    (HERE / f"{name}.md").unlink()
change(CODE, r'const TAG: &str = ".*";', f'const TAG: &str = "{hashlib.sha256(DOCUMENT.read_bytes()).hexdigest()[:32]}";')
seconds = f"{int(time.time()):_}"
change(CODE, r"const MODIFIED_AT: i64 = .*;", f"const MODIFIED_AT: i64 = {seconds};")
