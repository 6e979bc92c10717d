# SPDX-License-Identifier: MIT
"""Architect flows that set participant attributes, and what must be counted of them."""
