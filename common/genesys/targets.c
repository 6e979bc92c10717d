/* SPDX-License-Identifier: MIT */
#include "common/genesys/targets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/decimal.h"

static const struct {
  const char *member, *media;
} names[GC_TARGET_COUNT] = {
#define XX(id, member, media) [GC_TARGET_##id] = {member, media},
    GC_TARGET_MAP(XX)
#undef XX
};

const char *gc_target_member(enum gc_target target) {
  return names[target].member;
}

const char *gc_target_media(enum gc_target target) {
  return names[target].media;
}

static bool is_target(int64_t ms) { return ms > 0 && ms <= GC_TARGET_MAX_MS; }

char *gc_targets_print(char out[GC_TARGETS_SIZE],
                       const struct gc_targets *targets) {
  size_t len = 0;
  out[0] = '\0';
  for (size_t i = 0; i < GC_TARGET_COUNT; i++)
    if (is_target(targets->ms[i]))
      len +=
          (size_t)snprintf(out + len, GC_TARGETS_SIZE - len, "%s%s:%" PRId64,
                           len > 0 ? " " : "", names[i].media, targets->ms[i]);
  return out;
}

/* The detail may be of a damaged state file: what is no target is none. */
int64_t gc_entry_target_ms(const struct gc_entry *entry, const char *media) {
  size_t media_len = strlen(media);
  const char *at = entry->detail;
  while (*at != '\0') {
    size_t len = strcspn(at, " ");
    int64_t ms;
    if (len > media_len && memcmp(at, media, media_len) == 0 &&
        at[media_len] == ':' &&
        gc_decimal_int(at + media_len + 1, len - media_len - 1, &ms) &&
        is_target(ms))
      return ms;
    at += len;
    at += strspn(at, " ");
  }
  return 0;
}
