/* SPDX-License-Identifier: MIT */
#include "probe/network/reporter.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/net/clock.h"

/* ---- a stop of the probe ---- */

enum { WAIT_STEP_MS = 100 }; /* between two checks of the stop */

static _Atomic enum { NOTHING, HELD, RETURNED } holding;
static _Atomic bool is_stopped;

static bool must_return(void) { return is_stopped && holding == HELD; }

/* All other threads block signals, so SIGTERM interrupts the main thread. */
static void on_stop(int number) {
  (void)number;
  if (holding == NOTHING)
    _exit(EXIT_FAILURE);
  is_stopped = true;
}

void probe_hold_prepare(void) {
  const struct sigaction act = {.sa_handler = on_stop};
  (void)sigaction(SIGTERM, &act, NULL);
}

void probe_hold_begin(void) { holding = HELD; }

void probe_hold_return(void) { holding = RETURNED; }

void probe_hold_end(void) {
  holding = NOTHING;
  if (is_stopped)
    _exit(EXIT_FAILURE);
}

/* ---- results ---- */

static void blank_controls(char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text < ' ')
      *text = ' ';
}

void probe_report(const struct probe_reporter *r, enum probe_check check,
                  enum probe_state state, const char *subject,
                  const char *format, ...) {
  char what[1200], where[PROBE_SUBJECT_SIZE];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(what, sizeof(what), format, args);
  va_end(args);
  snprintf(where, sizeof(where), "%s", subject);
  blank_controls(what);
  blank_controls(where);
  r->say(probe_check_row(check)->name, probe_state_name(state), where, what);
}

uint32_t probe_left_ms(const struct probe_reporter *r, uint32_t limit_ms) {
  uint64_t now_ms = gc_clock_now_ms();
  uint64_t left_ms = now_ms < r->end_ms ? r->end_ms - now_ms : 0;
  if (must_return())
    return 0;
  return left_ms < limit_ms ? (uint32_t)left_ms : limit_ms;
}

bool probe_has_time(const struct probe_reporter *r, enum probe_check check,
                    const char *subject) {
  if (probe_left_ms(r, 1) > 0)
    return true;
  probe_report(r, PROBE_END, PROBE_WARNING, subject,
               "%s and the checks after it are not made: earlier checks took "
               "all of the %d s",
               probe_check_row(check)->name, PROBE_NETWORK_LIMIT_MS / 1000);
  return false;
}

/* ---- waits ---- */

void probe_wait_init(struct probe_wait *w) {
  *w = (struct probe_wait){.is_over = false};
  pthread_mutex_init(&w->lock, NULL);
  gc_clock_cond_init(&w->changed);
}

void probe_wait_end(struct probe_wait *w) {
  pthread_mutex_lock(&w->lock);
  w->is_over = true;
  pthread_cond_signal(&w->changed);
  pthread_mutex_unlock(&w->lock);
}

bool probe_wait_for(struct probe_wait *w, uint32_t limit_ms) {
  uint64_t now_ms = gc_clock_now_ms(), end_ms = now_ms + limit_ms;
  pthread_mutex_lock(&w->lock);
  while (!w->is_over && now_ms < end_ms && !must_return()) {
    const struct timespec wake = gc_clock_timespec(
        end_ms - now_ms < WAIT_STEP_MS ? end_ms : now_ms + WAIT_STEP_MS);
    (void)pthread_cond_timedwait(&w->changed, &w->lock, &wake);
    now_ms = gc_clock_now_ms();
  }
  bool is_over = w->is_over;
  pthread_mutex_unlock(&w->lock);
  return is_over;
}

void probe_wait_clear(struct probe_wait *w) {
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->lock);
}

bool probe_wait_run(struct probe_wait *w, struct gc_loop *loop,
                    void (*begin)(void *ctx), void (*end)(void *ctx), void *ctx,
                    uint32_t limit_ms) {
  probe_wait_init(w);
  gc_loop_call(loop, begin, ctx);
  (void)probe_wait_for(w, limit_ms);
  gc_loop_call(loop, end, ctx);
  bool is_over = w->is_over; /* it may have ended after the limit */
  probe_wait_clear(w);
  return is_over;
}
