/* SPDX-License-Identifier: MIT */
/* Any cut gives the same events, each event is within its limits, and after a
 * violation by the peer no more events come. The first byte chooses where the
 * input is cut and the limit of a message, and the rest is the input. */
#include <string.h>

#include "common/base/utf8.h"
#include "common/base/websocket/frames.h"
#include "tests/fuzz/fuzz.h"

struct log {
  struct gc_buf text;
  size_t message_max;
  bool is_over;
};

static void log_event(struct log *log, const struct gc_ws_event *e) {
  LAW(!log->is_over);
  LAW(e->kind != GC_WS_TEXT || e->len <= log->message_max);
  LAW((e->kind != GC_WS_PING && e->kind != GC_WS_PONG) ||
      e->len <= GC_WS_CONTROL_MAX);
  if (e->kind == GC_WS_CLOSE) {
    LAW(e->code == GC_WS_NO_CODE ? e->len == 0 : gc_ws_code_is_valid(e->code));
    LAW(e->len <= GC_WS_REASON_MAX);
    for (size_t at = 0, step; at < e->len; at += step)
      LAW((step = gc_utf8_char(e->bytes + at, e->len - at, NULL)) > 0);
  }
  if (e->kind == GC_WS_BROKEN)
    LAW(gc_ws_code_is_valid(e->code) && e->len == strlen(e->bytes));
  log->is_over = e->kind == GC_WS_CLOSE || e->kind == GC_WS_BROKEN;
  LAW(gc_buf_print(&log->text, "%d %u ", (int)e->kind, e->code) == GC_OK);
  LAW(gc_buf_add(&log->text, e->bytes, e->len) == GC_OK);
}

static void run_frames(struct log *log, const uint8_t *data, size_t size,
                       size_t cut) {
  struct gc_ws_frames *f = gc_ws_frames_new(log->message_max);
  LAW(f != NULL);
  log->is_over = false;
  gc_buf_reset(&log->text);
  for (size_t at = 0; at < size;) {
    size_t part = cut == 0 || cut > size - at ? size - at : cut;
    char *copy = malloc(part);
    LAW(copy != NULL);
    memcpy(copy, data + at, part);
    for (size_t in = 0; in < part;) {
      struct gc_ws_event e;
      size_t took = gc_ws_frames_next(f, copy + in, part - in, &e);
      LAW(took > 0 && took <= part - in);
      LAW(e.kind != GC_WS_MORE || took == part - in);
      in += took;
      if (e.kind != GC_WS_MORE)
        log_event(log, &e);
    }
    free(copy);
    at += part;
  }
  gc_ws_frames_free(f);
}

/* A written frame, read without its mask, gives the message that was sent. */
static void round_trip(const uint8_t *data, size_t size) {
  struct gc_buf out = {.max = 1 << 21};
  LAW(gc_ws_write(GC_WS_TEXT, (const char *)data, size, 0, &out) == GC_OK);
  struct gc_ws_frames *f = gc_ws_frames_new(1 << 20);
  size_t header = out.len - size;
  LAW(f != NULL && header >= 6 && (out.data[1] & 0x80) != 0);
  /* remove the four bytes of a mask of zeros */
  memmove(out.data + header - 4, out.data + header, size);
  out.data[1] &= 0x7f;
  struct gc_ws_event e;
  LAW(gc_ws_frames_next(f, out.data, out.len - 4, &e) == out.len - 4);
  LAW(e.kind == GC_WS_TEXT && e.len == size);
  LAW(size == 0 || memcmp(e.bytes, data, size) == 0);
  gc_ws_frames_free(f);
  gc_buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return 0;
  struct log log = {.text = {.max = 1 << 24},
                    .message_max = data[0] & 1 ? 300 : 1 << 20};
  run_frames(&log, data + 1, size - 1, 0);
  struct gc_buf whole = log.text;
  log.text = (struct gc_buf){.max = 1 << 24};

  const size_t cuts[] = {1, data[0] % 16 + 2, data[0] + (size_t)1};
  for (size_t i = 0; i < GC_COUNT(cuts); i++) {
    run_frames(&log, data + 1, size - 1, cuts[i]);
    LAW(log.text.len == whole.len);
    LAW(whole.len == 0 || memcmp(log.text.data, whole.data, whole.len) == 0);
  }
  gc_buf_clear(&log.text);
  gc_buf_clear(&whole);
  round_trip(data + 1, size - 1);
  return 0;
}
