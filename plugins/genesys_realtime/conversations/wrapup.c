/* SPDX-License-Identifier: MIT */
/* Changes of state by wrap-up code. The totals of the pair have them too. A
 * code is free text, so only codes that the configuration allows become names,
 * and their number is limited. */
#include <stdlib.h>
#include <string.h>

#include "common/base/glob.h"
#include "common/genesys/clean_name.h"
#include "plugins/genesys_realtime/conversations/internal.h"

/* The size of a code, so that "screenmonitoring-alerting-alerting-CODE" fits
 * one part of an identity. */
enum { CODE_SIZE = 85 };

/* Cleans a code for an identity. Codes that are equal after that are one code,
 * because two series must not share an identity. */
static size_t clean_code(char out[GC_NAME_SIZE], const char *code) {
  (void)gc_name_clean(out, code, strlen(code));
  size_t len = strlen(out);
  if (len >= CODE_SIZE) {
    len = CODE_SIZE - 1;
    while (((unsigned char)out[len] & 0xc0) == 0x80)
      len--;
  }
  if (len > 0 && out[len - 1] == '\\')
    out[len - 1] = '_';
  out[len] = '\0';
  return len;
}

/* Finds or adds a code. Returns false when the code is not allowed or there are
 * too many. */
static bool intern_code(struct conversations *m, const char *text,
                        uint32_t *ret_code) {
  char code[GC_NAME_SIZE];
  if (text[0] == '\0' || m->s.wrapup_count == 0 ||
      !gc_glob_accepts(m->s.wrapups, m->s.wrapup_count, text, NULL))
    return false;
  bool is_kept =
      gc_intern_put(&m->codes, code, clean_code(code, text), ret_code) == GC_OK;
  m->stats.wrapups_left += !is_kept;
  return is_kept;
}

static struct wrapup_change *find_change(const struct pair *pair, uint32_t code,
                                         enum cv_state from, enum cv_state to) {
  for (uint32_t i = 0; i < pair->wrapup_count; i++) {
    struct wrapup_change *w = &pair->wrapups[i];
    if (w->code == code && w->from == from && w->to == to)
      return w;
  }
  return NULL;
}

static struct wrapup_change *add_change(struct conversations *m,
                                        struct pair *pair) {
  if (m->wrapup_changes >= CV_WRAPUP_CHANGES_MAX)
    return NULL;
  size_t count = pair->wrapup_count + (size_t)1;
  struct wrapup_change *grown =
      realloc(pair->wrapups, count * sizeof(pair->wrapups[0]));
  if (grown == NULL)
    return NULL;
  pair->wrapups = grown;
  pair->wrapup_count++;
  m->wrapup_changes++;
  return &grown[count - 1];
}

/* Finds or adds the change; NULL: there are too many. */
static struct wrapup_change *take_change(struct conversations *m,
                                         struct pair *pair, uint32_t code,
                                         enum cv_state from, enum cv_state to) {
  struct wrapup_change *w = find_change(pair, code, from, to);
  if (w != NULL)
    return w;
  w = add_change(m, pair);
  if (w != NULL)
    *w = (struct wrapup_change){
        .code = code, .from = (uint8_t)from, .to = (uint8_t)to};
  return w;
}

void cv_count_wrapup(struct conversations *m, struct pair *pair,
                     const char *text, enum cv_state from, enum cv_state to) {
  uint32_t code;
  if (pair == NULL || !intern_code(m, text, &code))
    return;
  struct wrapup_change *w = take_change(m, pair, code, from, to);
  if (w == NULL)
    m->stats.wrapups_left++;
  else
    w->count++;
}

void cv_restore_wrapup(struct conversations *m, struct pair *pair,
                       const char *code, enum cv_state from, enum cv_state to,
                       uint64_t count) {
  uint32_t number;
  if (gc_intern_put(&m->codes, code, strlen(code), &number) != GC_OK)
    return;
  struct wrapup_change *w = take_change(m, pair, number, from, to);
  if (w == NULL)
    return;
  w->count = count;
  w->shown = true;
}

void cv_clear_pair(struct conversations *m, struct pair *pair) {
  m->wrapup_changes -= pair->wrapup_count;
  free(pair->wrapups);
  *pair = (struct pair){.shown = false};
}
