# SPDX-License-Identifier: MIT
"""A Genesys Cloud contact centre that runs on the loopback interface."""
