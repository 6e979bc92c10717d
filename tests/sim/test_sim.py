#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Self test of the simulator: python3 tests/sim/test_sim.py [-v] [NAME …].

NAME is a module, class or test below selftest/, e.g. test_oauth or
test_oauth.TokenEndpoint.  Answers are checked against the official schemas
when they are at hand, see selftest/schema.py.
"""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main() -> int:
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    loader = unittest.TestLoader()
    if words:
        suite = loader.loadTestsFromNames("selftest." + word for word in words)
    else:
        suite = loader.discover(str(HERE / "selftest"), top_level_dir=str(HERE))
    verbosity = 2 if "-v" in sys.argv else 1
    result = unittest.TextTestRunner(verbosity=verbosity, failfast="-f" in sys.argv).run(suite)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
