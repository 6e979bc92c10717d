/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/words.h"

#include <string.h>
#include <strings.h>

static const struct {
  const char *label, *array;
} media[CV_MEDIA_COUNT] = {
#define XX(id, label, array) [CV_##id] = {label, array},
    CV_MEDIA_MAP(XX)
#undef XX
};

static const struct {
  const char *state;
  enum cv_leg leg;
} states[] = {
    {"connected", CV_LEG_CONNECTED}, {"disconnected", CV_LEG_OVER},
    {"alerting", CV_LEG_RINGING},    {"terminated", CV_LEG_OVER},
    {"contacting", CV_LEG_RINGING},  {"dialing", CV_LEG_RINGING},
    {"offering", CV_LEG_RINGING},    {"scheduled", CV_LEG_RINGING},
};

static const char *const refusals[] = {"transfer.noanswer",
                                       "transfer.notavailable", "transfer.dnd",
                                       "endpoint.dnd"};

enum cv_leg cv_word_leg(const struct gc_json_value *v) {
  for (size_t i = 0; i < GC_COUNT(states); i++)
    if (gc_json_is(v, states[i].state))
      return states[i].leg;
  return CV_LEG_UNTOLD;
}

enum cv_purpose cv_word_purpose(const struct gc_json_value *v) {
  if (gc_json_is(v, "acd"))
    return CV_ACD;
  if (gc_json_is(v, "agent"))
    return CV_AGENT;
  return gc_json_is(v, "customer") ? CV_CUSTOMER : CV_OTHER;
}

bool cv_word_is_topic(const struct gc_json_value *v) {
  static const char head[] = "v2.routing.queues.", tail[] = ".conversations";
  const size_t head_len = sizeof(head) - 1, tail_len = sizeof(tail) - 1;
  if (v->kind != GC_JSON_STRING || v->len <= head_len + tail_len)
    return false;
  const char *id = v->text + head_len;
  size_t id_len = v->len - head_len - tail_len;
  return strncasecmp(v->text, head, head_len) == 0 &&
         strncasecmp(id + id_len, tail, tail_len) == 0 &&
         memchr(id, '.', id_len) == NULL;
}

bool cv_word_is_transfer(const struct gc_json_value *v) {
  static const char transfer[] = "transfer";
  const size_t len = sizeof(transfer) - 1;
  return v->kind == GC_JSON_STRING && v->len >= len &&
         memcmp(v->text, transfer, len) == 0;
}

bool cv_word_is_refusal(const struct gc_json_value *v) {
  for (size_t i = 0; i < GC_COUNT(refusals); i++)
    if (gc_json_is(v, refusals[i]))
      return true;
  return false;
}

enum cv_media cv_word_media(const char *array) {
  unsigned found = CV_UNKNOWN + 1;
  while (found < CV_MEDIA_COUNT && strcmp(media[found].array, array) != 0)
    found++;
  return found < CV_MEDIA_COUNT ? (enum cv_media)found : CV_UNKNOWN;
}

const char *cv_media_label(enum cv_media m) {
  return media[(unsigned)m < CV_MEDIA_COUNT ? m : CV_UNKNOWN].label;
}

enum cv_media cv_media_find(const char *label) {
  unsigned found = 0;
  while (found < CV_MEDIA_COUNT && strcmp(media[found].label, label) != 0)
    found++;
  return (enum cv_media)found;
}
