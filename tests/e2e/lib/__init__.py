# SPDX-License-Identifier: MIT
"""Shared by the end-to-end scenarios: programs, configurations, readings."""
