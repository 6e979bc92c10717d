/* SPDX-License-Identifier: MIT */
/* A build without hiredis. */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

bool redis_has_tls(void) { return false; }

const struct ledger_store *ledger_redis(void) { return NULL; }
