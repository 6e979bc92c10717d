# SPDX-License-Identifier: MIT
"""HTTP, TLS and their counters."""
