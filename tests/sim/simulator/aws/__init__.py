# SPDX-License-Identifier: MIT
"""The AWS side of a flow's event: queues, signatures, credentials."""
