# SPDX-License-Identifier: MIT
"""Handlers of the Platform API v2, one module for each area."""
