/* SPDX-License-Identifier: MIT */
/* A build without hiredis. */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

const struct ledger_store *ledger_redis(void) { return NULL; }
