# SPDX-License-Identifier: MIT
"""Notification channels: topics, sockets, the events that go through them, and their faults."""
