/* SPDX-License-Identifier: MIT */
#include "common/base/json/message.h"

#include "tests/support/check.h"

enum { K_A = 1, K_B };

static const struct gc_json_key keys[] = {{"a", K_A}, {"b", K_B}};

struct noted {
  struct gc_json_messages messages;
  unsigned begun;
  int64_t sum;
};

static void begin_sum(void *ctx) {
  struct noted *n = ctx;
  n->begun++;
  n->sum = 0;
}

static enum gc_code add_to_sum(void *ctx, const struct gc_json_at *at,
                               const struct gc_json_value *v) {
  struct noted *n = ctx;
  int64_t number;
  (void)at;
  if (gc_json_int(v, &number))
    n->sum += number;
  return n->sum > 100 ? GC_ERR_LIMIT : GC_OK;
}

static const struct gc_json_reader reader = {.keys = keys,
                                             .key_count = GC_COUNT(keys),
                                             .skip_unknown = true,
                                             .bytes_max = 100,
                                             .string_max = 50,
                                             .value = add_to_sum};

static void an_unusual_message_is_read_from_the_start_by_the_stream(void) {
  static const struct {
    const char *text;
    enum gc_code code;
    unsigned begun;
    int64_t sum;
  } rows[] = {
      {"{\"a\":1,\"b\":2,\"c\":4}", GC_OK, 1, 3},
      {"{\"a\":1,\"b\":\"\\n\",\"a\":2}", GC_OK, 2, 3},
      {"{\"a\":1,\"b\":", GC_ERR_PARSE, 2, 1},
      {"{\"a\":1} x", GC_ERR_PARSE, 2, 1},
      {"{\"a\":101}", GC_ERR_LIMIT, 2, 101},
      {"{\"b\":5}", GC_OK, 1, 5},
  };
  struct noted n = {.sum = 0};
  CHECK_INT(gc_json_messages_set(&n.messages, &reader, begin_sum, &n, NULL),
            GC_OK);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    struct gc_err err = {.code = GC_OK};
    n.begun = 0;
    CHECK_INT(gc_json_read_message(&n.messages, rows[i].text,
                                   strlen(rows[i].text), &err),
              rows[i].code);
    CHECK_INT(err.code, rows[i].code);
    CHECK_INT(n.begun, rows[i].begun);
    CHECK_INT(n.sum, rows[i].sum);
  }
  gc_json_messages_clear(&n.messages);
}

static void a_reader_of_unknown_keys_is_refused(void) {
  const struct gc_json_reader wrong = {.bytes_max = 100, .string_max = 50};
  struct noted n = {.sum = 0};
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(gc_json_messages_set(&n.messages, &wrong, begin_sum, &n, &err),
            GC_ERR_CONFIG);
  CHECK_INT(err.code, GC_ERR_CONFIG);
  gc_json_messages_clear(&n.messages);
  gc_json_messages_clear(NULL);
}

int main(void) {
  RUN(an_unusual_message_is_read_from_the_start_by_the_stream);
  RUN(a_reader_of_unknown_keys_is_refused);
  return check_done();
}
