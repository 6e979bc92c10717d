/* SPDX-License-Identifier: MIT */
/* Stream and observation side by side: lost ends and drift (design, section
 * 5.2). */
#include "plugins/genesys_realtime/stream/internal.h"

void stream_poll_begin(struct stream *s) {
  if (s->source == &stream_guide) /* it has no snapshot (design, 5.2) */
    return;
  pthread_mutex_lock(&s->lock);
  if (s->model != NULL)
    conversations_poll_begin(s->model);
  pthread_mutex_unlock(&s->lock);
}

static bool covers(void *ctx, const char *queue, enum cv_media media) {
  return observations_covers(ctx, queue, media);
}

static struct drift_side side_of(const struct stream *s, const char *queue,
                                 enum cv_media media) {
  uint32_t states[CV_STATE_COUNT];
  (void)conversations_states(s->model, queue, media, states);
  return (struct drift_side){.waiting = states[CV_STATE_WAITING],
                             .alerting = states[CV_STATE_ALERTING],
                             .interacting = (int64_t)states[CV_STATE_ACTIVE] +
                                            states[CV_STATE_HELD]};
}

static void compare(struct stream *s, const struct observations *o) {
  struct obs_walk at = {0};
  struct obs_contacts c;
  conversations_count_states(s->model);
  drift_begin(s->drift);
  while (observations_contacts(o, &at, &c)) {
    const struct covered_queue *q = coverage_find(&s->coverage, c.queue);
    if (q == NULL || !q->is_covered || c.cv_media == CV_MEDIA_COUNT)
      continue;
    struct drift_side model = side_of(s, c.queue, c.cv_media);
    struct drift_side observed = {c.waiting, c.alerting, c.interacting};
    s->lost +=
        drift_compare(s->drift, c.queue, c.media, &model, &observed) != GC_OK;
  }
  drift_end(s->drift);
}

void stream_compare(struct stream *s, const struct observations *o) {
  pthread_mutex_lock(&s->lock);
  /* Else the model is behind, and stream_gap says so. */
  if (s->model != NULL && s->is_connected)
    compare(s, o);
  pthread_mutex_unlock(&s->lock);
}

void stream_observed(struct stream *s, const struct observations *o) {
  if (s->source == &stream_guide)
    return;
  stream_compare(s, o);
  pthread_mutex_lock(&s->lock);
  if (s->model != NULL) {
    for (size_t i = 0; i < o->listed.count; i++)
      (void)conversations_poll_list(s->model, o->listed.at[i]);
    conversations_poll_end(s->model, covers, (void *)o);
  }
  pthread_mutex_unlock(&s->lock);
}
