# SPDX-License-Identifier: MIT
"""Tests of the simulator itself; ../test_sim.py runs them."""
