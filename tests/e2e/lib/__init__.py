# SPDX-License-Identifier: MIT
"""What the end-to-end scenarios stand on: programs, configurations, readings."""
