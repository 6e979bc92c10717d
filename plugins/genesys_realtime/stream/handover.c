/* SPDX-License-Identifier: MIT */
/* The read thread of a stream whose account has a lease: a pass of values is
 * dispatched when Redis has its counts (docs/decisions/0019). */
#include "plugins/genesys_realtime/stream/internal.h"

static void drop_pass(struct stream_pass *p) {
  gc_outbox_reset(&p->held);
  p->is_held = false;
}

static void dispatch_pass(struct stream_pass *p, const struct gc_samples *out) {
  for (size_t i = 0; i < p->held.count; i++) {
    struct gc_sample sample = gc_outbox_get(&p->held, i);
    out->put(out->ctx, &sample);
  }
  drop_pass(p);
}

/* collectd reads twice within a ms after a step of its clock, and two values of
 * a series must not have one time. */
enum { DISPATCH_EACH_MS = 100 };

static bool may_dispatch(const struct stream *s, uint64_t now_ms) {
  const struct stream_pass *p = &s->pass;
  return gc_lease_page_has(s->deps.page, p->version) &&
         now_ms - p->dispatched_ms >= DISPATCH_EACH_MS;
}

bool stream_pass_release(struct stream *s, uint64_t now_ms,
                         const struct gc_samples *out) {
  struct stream_pass *p = &s->pass;
  uint64_t fence = gc_lease_page_fence(s->deps.page);
  pthread_mutex_lock(&s->lock);
  bool is_holder = s->model != NULL && fence != 0 && s->model_fence == fence;
  pthread_mutex_unlock(&s->lock);
  if (!is_holder || p->fence != fence)
    drop_pass(p);
  p->fence = fence;
  if (!is_holder || (p->is_held && !may_dispatch(s, now_ms)))
    return false;
  if (p->is_held)
    p->dispatched_ms = now_ms;
  dispatch_pass(p, out);
  return true;
}

/* Holds a count. Passes a gauge on at once: the next holder of the lease does
 * not continue from it. */
static void hold_sample(void *ctx, const struct gc_sample *sample) {
  struct stream_pass *p = ctx;
  if (sample->metric == GC_METRIC_ACTIVE_CONVERSATIONS)
    p->out->put(p->out->ctx, sample);
  else if (gc_outbox_put(&p->held, sample) != GC_OK)
    p->is_incomplete = true;
}

struct gc_samples stream_pass_begin(struct stream *s,
                                    const struct gc_samples *out) {
  struct stream_pass *p = &s->pass;
  p->out = out;
  p->is_incomplete = false;
  p->held.interval_ms = stream_interval_ms(s);
  p->fields.max = GC_LEASE_BOOK_MAX_BYTES;
  gc_buf_reset(&p->fields);
  return (struct gc_samples){hold_sample, p};
}

void stream_pass_end(struct stream *s, bool is_full) {
  struct stream_pass *p = &s->pass;
  enum gc_code code = p->is_incomplete ? GC_ERR_MEMORY : GC_ERR_STATE;
  pthread_mutex_lock(&s->lock);
  if (s->model != NULL && !p->is_incomplete)
    code = conversations_write_times(s->model, &p->fields);
  pthread_mutex_unlock(&s->lock);
  if (code == GC_OK)
    code = gc_lease_page_write(s->deps.page, p->fence, &p->fields, is_full,
                               &p->version);
  p->is_held = code == GC_OK;
  if (code == GC_ERR_STATE) /* another agent has the lease */
    drop_pass(p);
  else if (code != GC_OK)
    dispatch_pass(p, p->out);
  pthread_mutex_lock(&s->lock);
  s->is_left_out = code != GC_OK && code != GC_ERR_STATE;
  pthread_mutex_unlock(&s->lock);
}

void stream_pass_clear(struct stream_pass *p) {
  gc_outbox_clear(&p->held);
  gc_buf_clear(&p->fields);
}
