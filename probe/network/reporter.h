/* SPDX-License-Identifier: MIT */
/* Shared by all checks of the network: the receiver of their results, and the
 * time that is left. Main thread, except for probe_report and
 * probe_wait_end. */
#ifndef PROBE_NETWORK_REPORTER_H
#define PROBE_NETWORK_REPORTER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/net/loop.h"
#include "probe/checks.h"
#include "probe/network/network.h"

enum {
  PROBE_NETWORK_LIMIT_MS = 40000, /* all checks together */
  PROBE_STEP_LIMIT_MS = 12000,    /* one request, with its token */
  PROBE_SUBJECT_SIZE = 300,
};

struct probe_reporter {
  probe_say *say;
  uint64_t end_ms; /* monotonic */
};

/* Passes a result to r->say; a long text is cut. Any thread. */
void probe_report(const struct probe_reporter *r, enum probe_check check,
                  enum probe_state state, const char *subject,
                  const char *format, ...) GC_PRINTF(5, 6);

/* Returns the ms that a step may take: `limit_ms`, or less if less is left for
 * all checks. */
uint32_t probe_left_ms(const struct probe_reporter *r, uint32_t limit_ms);

/* True if there is time for another check; else reports that it was not made.
 */
bool probe_has_time(const struct probe_reporter *r, enum probe_check check,
                    const char *subject);

/* ---- a stop of the probe ---- */

/* From now on SIGTERM ends the process: at once, or, after probe_hold_begin,
 * with probe_hold_end. */
void probe_hold_prepare(void);
/* Call it when the probe has made something that it must remove, such as a
 * channel's topics. After a SIGTERM all waits end and no time is left, until
 * probe_hold_return. */
void probe_hold_begin(void);
/* Call it before the removal: waits have their time again. */
void probe_hold_return(void);
/* Call it after the removal. Ends the process if there was a SIGTERM. */
void probe_hold_end(void);

/* ---- waits ---- */

/* Waits for an outcome that another thread reports. */
struct probe_wait {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool is_over;
};
void probe_wait_init(struct probe_wait *w);
/* Ends the wait. Any thread. */
void probe_wait_end(struct probe_wait *w);
/* Returns false when `limit_ms` passed before the end, or when the probe is
 * stopped. */
bool probe_wait_for(struct probe_wait *w, uint32_t limit_ms);
void probe_wait_clear(struct probe_wait *w);
/* Runs begin(ctx) on the thread of `loop`, waits until probe_wait_end(w), and
 * runs end(ctx) there, which stops the work that `begin` started. Initializes
 * and clears `w`. Returns false when `limit_ms` passed before the end, or when
 * the probe is stopped. */
bool probe_wait_run(struct probe_wait *w, struct gc_loop *loop,
                    void (*begin)(void *ctx), void (*end)(void *ctx), void *ctx,
                    uint32_t limit_ms);

#endif
