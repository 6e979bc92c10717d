# SPDX-License-Identifier: MIT
"""The contact centre itself: pure, no I/O, deterministic for a seed."""
