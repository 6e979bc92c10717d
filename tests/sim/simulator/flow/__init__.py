# SPDX-License-Identifier: MIT
"""Architect flows that set participant attributes, and the expected counts."""
