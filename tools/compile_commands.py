#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints compile_commands.json, from which clangd, clang-tidy and editors take
the compiler's flags.

usage: compile_commands.py SOURCE-FOLDER COMPILER FLAG...

All files get the same flags: those of the whole project, with the include
folders of every library. The file belongs in the build folder.
"""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path

FOLDERS = ("common", "plugins", "probe", "tests", "tools")


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    top, compiler, flags = Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3:]
    sources = sorted(path for folder in FOLDERS for path in (top / folder).rglob("*.c")
                     if "skeleton" not in path.parts)
    if len(sources) < 100:
        print("compile_commands: only %d sources below %s" % (len(sources), top), file=sys.stderr)
        return 1
    json.dump([{"directory": os.getcwd(), "file": str(path), "arguments": [compiler, *flags, "-c", str(path)]}
               for path in sources], sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
