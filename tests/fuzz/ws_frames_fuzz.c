/* SPDX-License-Identifier: MIT */
/* The events are those of a second reader, written here from RFC 6455 alone,
 * for any cut of the input; each event is within its limits, and after a
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
  if (e->kind != GC_WS_BROKEN) /* its words are the reader's own */
    LAW(gc_buf_add(&log->text, e->bytes, e->len) == GC_OK);
}

/* ---- the second reader ---- */

/* One frame as section 5.2 draws it. */
struct drawn {
  unsigned fin, rsv, opcode, mask, length7;
  size_t header; /* bytes */
  uint64_t len;
};

/* False: the input ends within the header. */
static bool draw(const uint8_t *in, size_t size, struct drawn *d) {
  if (size < 2)
    return false;
  *d = (struct drawn){.fin = in[0] >> 7,
                      .rsv = in[0] >> 4 & 7,
                      .opcode = in[0] & 15,
                      .mask = in[1] >> 7,
                      .length7 = in[1] & 127u,
                      .header = 2,
                      .len = in[1] & 127u};
  size_t more = d->length7 == 127 ? 8 : d->length7 == 126 ? 2 : 0;
  if (d->opcode >= 8) /* never an extended length (section 5.5) */
    return true;
  if (size < 2 + more)
    return false;
  d->header += more;
  for (size_t i = 0; i < more; i++)
    d->len = (i == 0 ? 0 : d->len * 256) + in[2 + i];
  return true;
}

/* Returns the code that a frame is refused with; 0: none. */
static unsigned refusal(const struct drawn *d, bool in_message, size_t room) {
  bool is_control = d->opcode >= 8;
  bool is_long = (d->length7 == 126 && d->len < 126) ||
                 (d->length7 == 127 && (d->len < 65536 || d->len >> 63 != 0));
  if (is_control ? d->fin == 0 || d->length7 > 125 : is_long)
    return GC_WS_PROTOCOL;
  if (d->rsv != 0 || d->mask != 0 || d->opcode > 10 ||
      (d->opcode > 2 && d->opcode < 8))
    return GC_WS_PROTOCOL;
  if (!is_control && in_message != (d->opcode == 0))
    return GC_WS_PROTOCOL;
  if (d->opcode == 2)
    return GC_WS_NOT_TEXT;
  return !is_control && d->len > room ? GC_WS_TOO_LARGE : 0;
}

static void log_broken(struct log *log, unsigned code) {
  const struct gc_ws_event e = {GC_WS_BROKEN, "", 0, (uint16_t)code};
  log_event(log, &e);
}

static void log_control(struct log *log, unsigned opcode, const char *bytes,
                        size_t len) {
  struct gc_ws_event e = {opcode == 9 ? GC_WS_PING : GC_WS_PONG, bytes, len, 0};
  if (opcode == 8) {
    unsigned code =
        len < 2 ? GC_WS_NO_CODE : (uint8_t)bytes[0] * 256u + (uint8_t)bytes[1];
    e = (struct gc_ws_event){GC_WS_CLOSE, len < 2 ? bytes : bytes + 2,
                             len < 2 ? 0 : len - 2, (uint16_t)code};
    size_t at = 0, step = 1;
    while (at < e.len && step > 0)
      at += step = gc_utf8_char(e.bytes + at, e.len - at, NULL);
    if (len == 1 || (len > 1 && !gc_ws_code_is_valid((uint16_t)code)))
      log_broken(log, GC_WS_PROTOCOL);
    else if (step == 0)
      log_broken(log, GC_WS_NOT_UTF8);
  }
  if (!log->is_over)
    log_event(log, &e);
}

static void read_again(struct log *log, const uint8_t *in, size_t size) {
  struct gc_buf message = {.max = 1 << 24};
  bool in_message = false;
  struct drawn d;
  log->is_over = false;
  while (!log->is_over && draw(in, size, &d)) {
    unsigned code = refusal(&d, in_message, log->message_max - message.len);
    if (code != 0)
      log_broken(log, code);
    if (code != 0 || d.len > size - d.header)
      break;
    const char *bytes = (const char *)in + d.header;
    in += d.header + d.len;
    size -= d.header + d.len;
    if (d.opcode >= 8) {
      log_control(log, d.opcode, bytes, d.len);
      continue;
    }
    LAW(gc_buf_add(&message, bytes, d.len) == GC_OK);
    in_message = d.fin == 0;
    if (in_message)
      continue;
    const struct gc_ws_event e = {GC_WS_TEXT, gc_buf_string(&message),
                                  message.len, 0};
    log_event(log, &e);
    gc_buf_reset(&message);
  }
  gc_buf_clear(&message);
}

/* ---- the reader ---- */

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

  read_again(&log, data + 1, size - 1);
  LAW(log.text.len == whole.len);
  LAW(whole.len == 0 || memcmp(log.text.data, whole.data, whole.len) == 0);

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
