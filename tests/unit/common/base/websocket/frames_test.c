/* SPDX-License-Identifier: MIT */
/* Numbers in the names of rows are sections of RFC 6455. */
#include "common/base/websocket/frames.h"

#include <stdlib.h>

#include "tests/support/check.h"

enum { MESSAGE_MAX = 70000 };

#define BYTES(literal) literal, sizeof(literal) - 1
#define A10 "aaaaaaaaaa"
#define A120 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10
#define A123 A120 "aaa"
#define A125 A120 "aaaaa"

/* Splits of an input: piece i has cut(i) bytes. */
static unsigned long seed;
static size_t all_at_once(void) { return SIZE_MAX; }
static size_t byte_by_byte(void) { return 1; }
static size_t two_by_two(void) { return 2; }
static size_t at_random(void) {
  seed = seed * 6364136223846793005ul + 1442695040888963407ul;
  return (seed >> 33) % 9 + 1;
}
static size_t at_random_larger(void) { return at_random() * 997; }

static const struct {
  const char *name;
  size_t (*cut)(void);
} splits[] = {{"whole", all_at_once},         {"byte by byte", byte_by_byte},
              {"two by two", two_by_two},     {"at random", at_random},
              {"at random again", at_random}, {"larger", at_random_larger}};

static struct gc_buf events = {.max = 1 << 22};

/* Records events as "T2:hi" "P0:" "p3:abc" "C1000:bye" "B1002:words", one after
 * the other. */
static void record_event(const struct gc_ws_event *e) {
  static const char letters[] = {[GC_WS_TEXT] = 'T',
                                 [GC_WS_PING] = 'P',
                                 [GC_WS_PONG] = 'p',
                                 [GC_WS_CLOSE] = 'C',
                                 [GC_WS_BROKEN] = 'B'};
  unsigned number = e->kind == GC_WS_CLOSE || e->kind == GC_WS_BROKEN
                        ? e->code
                        : (unsigned)e->len;
  (void)!gc_buf_print(&events, "%s%c%u:", events.len > 0 ? " " : "",
                      letters[e->kind], number);
  (void)!gc_buf_add(&events, e->bytes, e->len);
}

/* Each piece has memory of its own, so that the sanitizer sees a read beyond
 * it. */
static void feed_piece(struct gc_ws_frames *f, const char *bytes, size_t len) {
  char *copy = malloc(len);
  memcpy(copy, bytes, len);
  for (size_t at = 0; at < len;) {
    struct gc_ws_event e;
    size_t took = gc_ws_frames_next(f, copy + at, len - at, &e);
    if (took == 0 || took > len - at) {
      CHECK_THAT(false, "took %zu of %zu", took, len - at);
      break;
    }
    at += took;
    if (e.kind != GC_WS_MORE)
      record_event(&e);
    else if (at != len)
      CHECK_THAT(false, "wants more, but %zu are left", len - at);
  }
  free(copy);
}

static const char *feed_bytes(const char *bytes, size_t len,
                              size_t (*cut)(void)) {
  struct gc_ws_frames *f = gc_ws_frames_new(MESSAGE_MAX);
  gc_buf_reset(&events);
  for (size_t at = 0; at < len;) {
    size_t piece = cut();
    if (piece > len - at)
      piece = len - at;
    feed_piece(f, bytes + at, piece);
    at += piece;
  }
  gc_ws_frames_free(f);
  return gc_buf_string(&events);
}

struct row {
  const char *name, *bytes;
  size_t len;
  const char *want;
};

static void check_rows(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    for (size_t n = 0; n < GC_COUNT(splits); n++) {
      char name[128];
      snprintf(name, sizeof(name), "%s, %s", rows[i].name, splits[n].name);
      CHECK_ROW(name);
      CHECK_STR(feed_bytes(rows[i].bytes, rows[i].len, splits[n].cut),
                rows[i].want);
    }
}

/* ---- correct input ---- */

static void messages_come_whole_and_in_order(void) {
  static const struct row rows[] = {
      {"one", BYTES("\x81\x05hello"), "T5:hello"},
      {"empty", BYTES("\x81\x00"), "T0:"},
      {"one byte", BYTES("\x81\x01x"), "T1:x"},
      {"three, the middle one empty",
       BYTES("\x81\x01"
             "a\x81\x00\x81\x02"
             "bc"),
       "T1:a T0: T2:bc"},
      {"single bytes in a row",
       BYTES("\x81\x01"
             "a\x81\x01"
             "b\x81\x01"
             "c"),
       "T1:a T1:b T1:c"},
      {"125 bytes", BYTES("\x81\x7d" A125), "T125:" A125},
      {"126 bytes: two bytes of length", BYTES("\x81\x7e\x00\x7e" A125 "b"),
       "T126:" A125 "b"},
      {"half a message gives no event", BYTES("\x81\x05hell"), ""},
      {"half a header gives no event", BYTES("\x81\x7e\x01"), ""},
      {"nothing", BYTES(""), ""},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void fragments_are_put_together(void) {
  static const struct row rows[] = {
      {"two", BYTES("\x01\x03hel\x80\x02lo"), "T5:hello"},
      {"three, one empty", BYTES("\x01\x03hel\x00\x00\x80\x02lo"), "T5:hello"},
      {"empty first and last", BYTES("\x01\x00\x00\x05hello\x80\x00"),
       "T5:hello"},
      {"all empty", BYTES("\x01\x00\x00\x00\x80\x00"), "T0:"},
      {"then a whole one",
       BYTES("\x01\x01"
             "a\x80\x01"
             "b\x81\x01"
             "c"),
       "T2:ab T1:c"},
      {"then fragments again",
       BYTES("\x01\x01"
             "a\x80\x01"
             "b\x01\x01"
             "c\x80\x01"
             "d"),
       "T2:ab T2:cd"},
      {"the last is missing", BYTES("\x01\x03hel\x00\x02lo"), ""},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void control_frames_come_at_once_also_between_fragments(void) {
  static const struct row rows[] = {
      {"ping",
       BYTES("\x89\x03"
             "abc"),
       "P3:abc"},
      {"empty ping", BYTES("\x89\x00"), "P0:"},
      {"pong",
       BYTES("\x8a\x03"
             "abc"),
       "p3:abc"},
      {"125 bytes", BYTES("\x89\x7d" A125), "P125:" A125},
      {"5.4 between fragments",
       BYTES("\x01\x03hel\x89\x02"
             "hi\x8a\x00\x80\x02lo"),
       "P2:hi p0: T5:hello"},
      {"close between fragments",
       BYTES("\x01\x03hel\x88\x02\x03\xe8\x80\x02lo"), "C1000:"},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void a_close_frame_has_a_code_and_a_reason(void) {
  static const struct row rows[] = {
      {"5.5.1 without a code", BYTES("\x88\x00"), "C1005:"},
      {"code", BYTES("\x88\x02\x03\xe9"), "C1001:"},
      {"code and reason",
       BYTES("\x88\x05\x03\xe9"
             "bye"),
       "C1001:bye"},
      {"reason in UTF-8", BYTES("\x88\x04\x03\xe9\xc3\xa9"), "C1001:\xc3\xa9"},
      {"of 123 bytes", BYTES("\x88\x7d\x0b\xb8" A123), "C3000:" A123},
      {"1.4 nothing after it counts",
       BYTES("\x88\x02\x03\xe8\x81\x01x\x89\x00\xff\xff"), "C1000:"},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void codes_that_must_not_be_sent_are_refused(void) {
  static const struct {
    unsigned code;
    bool is_valid;
  } rows[] = {{0, false},    {999, false},  {1000, true},  {1001, true},
              {1002, true},  {1003, true},  {1004, false}, {1005, false},
              {1006, false}, {1007, true},  {1011, true},  {1012, true},
              {1014, true},  {1015, false}, {1016, false}, {1100, false},
              {2999, false}, {3000, true},  {3999, true},  {4000, true},
              {4999, true},  {5000, false}, {65535, false}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char name[16], bytes[] = {(char)0x88, 2, (char)(rows[i].code >> 8),
                              (char)rows[i].code};
    snprintf(name, sizeof(name), "%u", rows[i].code);
    CHECK_ROW(name);
    char want[64];
    snprintf(want, sizeof(want),
             rows[i].is_valid ? "C%u:" : "B1002:", rows[i].code);
    CHECK_HAS(feed_bytes(bytes, 4, all_at_once), want);
    CHECK_INT(gc_ws_code_is_valid((uint16_t)rows[i].code), rows[i].is_valid);
  }
}

/* ---- broken input ---- */

#define SIZE_SAYS                                                              \
  "B1002:a control frame that is fragmented or longer than 125 bytes, or a "   \
  "length that is not in the shortest form"

static void a_broken_rule_ends_the_connection_with_its_code(void) {
  static const struct row rows[] = {
      {"5.1 masked text", BYTES("\x81\x82\x01\x02\x03\x04hi"),
       "B1002:a masked frame from the server"},
      {"5.1 masked and empty", BYTES("\x81\x80\x01\x02\x03\x04"),
       "B1002:a masked frame from the server"},
      {"5.1 masked ping", BYTES("\x89\x80\x01\x02\x03\x04"),
       "B1002:a masked frame from the server"},
      {"5.2 RSV1, a compressed message", BYTES("\xc1\x01x"),
       "B1002:reserved bits without an extension"},
      {"5.2 RSV2", BYTES("\xa1\x01x"),
       "B1002:reserved bits without an extension"},
      {"5.2 RSV3", BYTES("\x91\x01x"),
       "B1002:reserved bits without an extension"},
      {"5.2 RSV1 of a ping", BYTES("\xc9\x00"),
       "B1002:reserved bits without an extension"},
      {"5.2 RSV1 of a continuation",
       BYTES("\x01\x01"
             "a\xc0\x01"
             "b"),
       "B1002:reserved bits without an extension"},
      {"5.2 opcode 3", BYTES("\x83\x00"), "B1002:a reserved opcode"},
      {"5.2 opcode 7", BYTES("\x87\x01x"), "B1002:a reserved opcode"},
      {"5.2 opcode 11", BYTES("\x8b\x00"), "B1002:a reserved opcode"},
      {"5.2 opcode 15", BYTES("\x8f\x01x"), "B1002:a reserved opcode"},
      {"5.2 125 in two bytes", BYTES("\x81\x7e\x00\x7d" A125), SIZE_SAYS},
      {"5.2 65535 in eight bytes",
       BYTES("\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff"
             "a"),
       SIZE_SAYS},
      {"5.2 the highest bit of a length",
       BYTES("\x81\x7f\x80\x00\x00\x00\x00\x01\x00\x00"
             "a"),
       SIZE_SAYS},
      {"5.4 a continuation of nothing", BYTES("\x80\x01x"),
       "B1002:a continuation of nothing"},
      {"5.4 after a whole message",
       BYTES("\x81\x01"
             "a\x00\x01x"),
       "T1:a B1002:a continuation of nothing"},
      {"5.4 after the last fragment",
       BYTES("\x01\x01"
             "a\x80\x01"
             "b\x80\x01"
             "c"),
       "T2:ab B1002:a continuation of nothing"},
      {"5.4 text within fragments",
       BYTES("\x01\x01"
             "a\x81\x01"
             "b"),
       "B1002:a new message within a fragmented one"},
      {"5.4 binary within fragments",
       BYTES("\x01\x01"
             "a\x02\x01"
             "b"),
       "B1002:a new message within a fragmented one"},
      {"5.4 a fragmented ping", BYTES("\x09\x01x"), SIZE_SAYS},
      {"5.4 a fragmented close", BYTES("\x08\x00"), SIZE_SAYS},
      {"5.5 a ping of 126 bytes", BYTES("\x89\x7e\x00\x7e" A125 "b"),
       SIZE_SAYS},
      {"5.5 a close of 126 bytes", BYTES("\x88\x7e\x00\x7e\x03\xe8" A125),
       SIZE_SAYS},
      {"5.5.1 half a code", BYTES("\x88\x01\x03"),
       "B1002:a close frame with half a code"},
      {"7.4 code 1005", BYTES("\x88\x02\x03\xed"),
       "B1002:a close code that must not be sent"},
      {"8.1 a reason not in UTF-8", BYTES("\x88\x03\x03\xe8\xe9"),
       "B1007:a close reason that is not UTF-8"},
      {"a binary message",
       BYTES("\x82\x03"
             "abc"),
       "B1003:a binary message"},
      {"an empty one", BYTES("\x82\x00"), "B1003:a binary message"},
      {"binary fragments",
       BYTES("\x02\x01"
             "a\x80\x01"
             "b"),
       "B1003:a binary message"},
      {"nothing after it counts", BYTES("\x83\x00\x81\x01x\x88\x02\x03\xe8"),
       "B1002:a reserved opcode"},
      {"messages before it count", BYTES("\x81\x01x\x89\x00\x83\x00"),
       "T1:x P0: B1002:a reserved opcode"},
      {"HTTP", BYTES("HTTP/1.1 400 Bad Request\r\n"), SIZE_SAYS},
  };
  check_rows(rows, GC_COUNT(rows));
}

#define LARGE "B1009:a message larger than the limit"

/* A header of `opcode_byte` with an eight-byte length, and `len` times 'x'. */
static size_t add_large(char *out, unsigned char opcode_byte, uint64_t says,
                        size_t len) {
  out[0] = (char)opcode_byte;
  out[1] = 127;
  for (int i = 0; i < 8; i++)
    out[2 + i] = (char)(says >> (56 - 8 * i));
  memset(out + 10, 'x', len);
  return 10 + len;
}

static void a_message_has_a_limit_whole_or_in_fragments(void) {
  static char in[200000];
  static const struct {
    const char *name;
    uint64_t first, second; /* second 0: not fragmented */
    bool fits;
  } rows[] = {{"just fits", MESSAGE_MAX, 0, true},
              {"one too many", MESSAGE_MAX + 1, 0, false},
              {"fits in two", 66000, 4000, true},
              {"one too many in two", 66000, 4001, false},
              {"absurd", UINT64_MAX / 2, 0, false},
              {"absurd in two", 66000, UINT64_MAX / 2, false}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (size_t n = 0; n < GC_COUNT(splits); n++) {
      char name[64];
      snprintf(name, sizeof(name), "%s, %s", rows[i].name, splits[n].name);
      CHECK_ROW(name);
      size_t max = MESSAGE_MAX + 10;
      size_t len =
          add_large(in, rows[i].second == 0 ? 0x81 : 0x01, rows[i].first,
                    rows[i].first < max ? rows[i].first : max);
      if (rows[i].second > 65535)
        len += add_large(in + len, 0x80, rows[i].second, 10);
      else if (rows[i].second > 0) {
        memcpy(in + len, "\x80\x7e", 2);
        in[len + 2] = (char)(rows[i].second >> 8);
        in[len + 3] = (char)rows[i].second;
        memset(in + len + 4, 'x', rows[i].second);
        len += 4 + rows[i].second;
      }
      const char *got = feed_bytes(in, len, splits[n].cut);
      if (!rows[i].fits) {
        CHECK_STR(got, LARGE);
        continue;
      }
      CHECK(strncmp(got, "T70000:x", 8) == 0);
      CHECK_INT(strlen(got), 7 + MESSAGE_MAX);
      CHECK_INT(strspn(got + 7, "x"), MESSAGE_MAX);
    }
}

/* A length alone must not allocate memory. */
static void a_message_that_is_too_large_is_refused_at_its_first_byte(void) {
  struct gc_ws_frames *f = gc_ws_frames_new(1000);
  struct gc_ws_event e;
  size_t took = gc_ws_frames_next(f, BYTES("\x81\x7e\x03\xe9xyz"), &e);
  CHECK_INT(e.kind, GC_WS_BROKEN);
  CHECK_INT(e.code, GC_WS_TOO_LARGE);
  CHECK(took <= 5);
  gc_ws_frames_free(f);
}

static void a_message_whole_in_the_input_is_not_copied(void) {
  static const char in[] =
      "\x81\x05hello\x81\x00\x89\x02hi\x81\x7e\x00\x7e" A125
      "b\x88\x04\x03\xe8ok";
  static const struct {
    enum gc_ws_kind kind;
    size_t at;
  } rows[] = {{GC_WS_TEXT, 2},
              {GC_WS_TEXT, 9},
              {GC_WS_PING, 11},
              {GC_WS_TEXT, 17},
              {GC_WS_CLOSE, 147}};
  struct gc_ws_frames *f = gc_ws_frames_new(MESSAGE_MAX);
  size_t at = 0;
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_ws_event e;
    at += gc_ws_frames_next(f, in + at, sizeof(in) - 1 - at, &e);
    CHECK_INT(e.kind, rows[i].kind);
    CHECK_INT(e.bytes - in, rows[i].at);
  }
  CHECK_INT(at, sizeof(in) - 1);
  gc_ws_frames_free(f);
}

static void null_may_be_freed(void) {
  gc_ws_frames_free(NULL);
  CHECK(true);
}

int main(void) {
  RUN(messages_come_whole_and_in_order);
  RUN(fragments_are_put_together);
  RUN(control_frames_come_at_once_also_between_fragments);
  RUN(a_close_frame_has_a_code_and_a_reason);
  RUN(codes_that_must_not_be_sent_are_refused);
  RUN(a_broken_rule_ends_the_connection_with_its_code);
  RUN(a_message_has_a_limit_whole_or_in_fragments);
  RUN(a_message_that_is_too_large_is_refused_at_its_first_byte);
  RUN(a_message_whole_in_the_input_is_not_copied);
  RUN(null_may_be_freed);
  gc_buf_clear(&events);
  return check_done();
}
