/* SPDX-License-Identifier: MIT */
/* The entry of genesys_probe_network.so, which probe/agent.c loads after
 * collectd has read the whole configuration. The library is linked with the
 * core, which the plugins have loaded before: it sees the accounts and blocks
 * that they accepted. */
#ifndef PROBE_NETWORK_NETWORK_H
#define PROBE_NETWORK_NETWORK_H

/* Takes a result: the name of a row of probe/checks, "ok", "warning" or
 * "failed", and two texts without TAB. Called on any thread. */
typedef void probe_say(const char *check, const char *state,
                       const char *subject, const char *what);

#define PROBE_NETWORK_RUN "probe_network_run" /* for dlsym */
typedef void probe_network(probe_say *say);

/* Makes all checks that need the network, and passes each result to `say` as
 * soon as it is known. Returns within PROBE_NETWORK_LIMIT_MS
 * (probe/network/place.h); only the removal of a channel's topics may take
 * some seconds more. Opens no state file and no port. SIGTERM ends the process
 * as soon as the channel's topics are removed. Call it once, in the
 * configuration phase, on the main thread. */
void probe_network_run(probe_say *say);

#endif
