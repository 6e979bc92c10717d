#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the dashboards in examples/grafana have the types that the published package @grafana/schema declares?

usage: grafana_schema.py PACKAGE [TSC]

PACKAGE is the unpacked package (npm pack @grafana/schema), TSC a TypeScript compiler (tsc). Not part of make check,
which has neither; grafana.py there holds the dashboards to what this program found right.
"""
from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterator

BOARDS = Path(__file__).resolve().parents[2] / "examples" / "grafana" / "dashboards"
ENUM = re.compile(r"(?:export )?declare enum (\w+) \{(.*?)\n\}", re.S)
MEMBER = re.compile(r"(\w+)\s*=\s*(\"[^\"]*\"|-?\d+)")


def as_union(found: "re.Match[str]") -> str:
    """An enum takes no text, but a union of its values does."""
    members = MEMBER.findall(found[2])
    types = " ".join("type %s = %s;" % member for member in members)
    return "export type %s = %s;\nexport declare namespace %s { %s }" % (
        found[1],
        " | ".join(value for _, value in members) or "never",
        found[1],
        types,
    )


def copied(package: Path, to: Path) -> list[Path]:
    """The declarations of the package, with unions for enums."""
    made = []
    for path in package.rglob("*.d.ts"):
        copy = to / path.relative_to(package)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(ENUM.sub(as_union, path.read_text(encoding="utf-8")), encoding="utf-8")
        made.append(copy)
    return made


def module(files: list[Path], folder: str) -> str:
    return str(next(path for path in files if folder in path.as_posix()))[: -len(".d.ts")]


def statements(files: list[Path]) -> Iterator[str]:
    """A constant of a declared type for each dashboard, panel, and a panel's options and custom fields."""
    yield "import * as dashboard from %s;" % json.dumps(module(files, "/raw/dashboard/x/"))
    kinds: dict[str, str] = {}
    number = 0
    for path in sorted(BOARDS.glob("*.json")):
        board: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        values = [("dashboard.Dashboard", board)]
        for panel in board["panels"]:
            if panel["type"] == "row":
                values.append(("dashboard.RowPanel", panel))
                continue
            kind = panel["type"].replace("-", "")
            if kind not in kinds:
                kinds[kind] = module(files, "/composable/%s/panelcfg/" % kind)
                yield "import * as %s from %s;" % (kind, json.dumps(kinds[kind]))
            values += [("dashboard.Panel", panel), ("Partial<%s.Options>" % kind, panel["options"])]
            custom = panel["fieldConfig"]["defaults"].get("custom")
            values += [("Partial<%s.FieldConfig>" % kind, custom)] if custom else []
        for kind, value in values:
            number += 1
            yield "const value%d: %s = %s; // %s" % (number, kind, json.dumps(value), path.name)


def main() -> int:
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        files = copied(Path(sys.argv[1]), here / "package")
        index = min((path for path in files if path.name == "index.d.ts"), key=lambda path: len(path.parts))
        lines = list(statements(files))
        (here / "check.ts").write_text("\n".join(lines) + "\nexport {};\n", encoding="utf-8")
        options = {
            "strict": True,
            "noEmit": True,
            "skipLibCheck": True,
            "moduleResolution": "node",
            "module": "esnext",
            "target": "es2020",
            "baseUrl": ".",
            "paths": {"@grafana/schema": [str(index)]},
        }
        (here / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["check.ts"]}))
        done = subprocess.run([*(sys.argv[2:] or ["tsc"]), "-p", folder], capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            at = re.search(r"check\.ts\((\d+),", line)
            print("%s: %s" % (lines[int(at[1]) - 1].rpartition(" // ")[2], line) if at else line)
        print("%d values, tsc ended with %d" % (sum(line.startswith("const") for line in lines), done.returncode))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
