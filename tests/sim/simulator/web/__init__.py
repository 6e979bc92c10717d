# SPDX-License-Identifier: MIT
"""HTTP, TLS and what is counted there."""
