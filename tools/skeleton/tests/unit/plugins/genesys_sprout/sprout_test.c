/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_sprout/sprout.h"

#include "tests/support/check.h"

/* Reads the answer in pieces of `step` bytes. */
static enum gc_code read_answer(const char *text, size_t step,
                                struct sprout *ret, struct gc_err *err) {
  struct sprout_decoder *d = sprout_decoder_new();
  struct gc_sink sink = sprout_decoder_sink(d);
  enum gc_code code = GC_OK;
  sink.begin(sink.ctx);
  for (size_t at = 0; code == GC_OK && at < strlen(text); at += step) {
    size_t rest = strlen(text) - at;
    code = sink.write(sink.ctx, text + at, rest < step ? rest : step, err);
  }
  if (code == GC_OK)
    code = sprout_decoder_finish(d, ret, err);
  sprout_decoder_free(d);
  return code;
}

static void any_cut_of_an_answer_gives_the_same_result(void) {
  static const char text[] =
      "{\"entities\": [{\"total\": 7}], \"pageSize\": 1, \"total\": 12}";
  for (size_t step = 1; step <= sizeof(text); step++) {
    struct sprout read = {.queues = 0};
    struct gc_err err = {.code = GC_OK};
    CHECK_INT(read_answer(text, step, &read, &err), GC_OK);
    CHECK_INT(read.queues, 12);
  }
}

static void an_invalid_answer_leaves_the_model_unchanged(void) {
  static const char *const rows[] = {
      "{\"total\": 12",   "{}", "{\"total\": -1}", "{\"total\": \"12\"}",
      "{\"total\": 1.5}", "[]", "<html>",          ""};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct sprout read = {.queues = 3};
    struct gc_err err = {.code = GC_OK};
    CHECK_ROW(rows[i]);
    CHECK_INT(read_answer(rows[i], 100, &read, &err), GC_ERR_PARSE);
    CHECK(err.text[0] != '\0');
    CHECK_INT(read.queues, 3);
  }
}

static char said[400];

static void note_sample(void *ctx, const struct gc_sample *s) {
  size_t len = strlen(said);
  (void)ctx;
  snprintf(said + len, sizeof(said) - len, "%s/%s-%s %g; ", s->instance,
           gc_metric(s->metric)->name, s->qualifier, s->values[0].gauge);
}

static void silence_is_not_zero(void) {
  static const struct sprout none, some = {.queues = 12};
  static const struct {
    const struct sprout *newest;
    int64_t age_ms;
    const char *says;
  } rows[] = {
      {&some, 1500,
       "x/source_up-queues 1; x/source_age-queues 1.5; x/queues-listed 12; "},
      {&none, 0,
       "x/source_up-queues 1; x/source_age-queues 0; x/queues-listed 0; "},
      {NULL, 1500, "x/source_up-queues 0; x/source_age-queues 1.5; "},
      {NULL, -1, "x/source_up-queues 0; "},
  };
  const struct gc_samples out = {note_sample, NULL};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    said[0] = '\0';
    sprout_samples(rows[i].newest, rows[i].age_ms, "x", 10000, &out);
    CHECK_STR(said, rows[i].says);
  }
}

int main(void) {
  RUN(any_cut_of_an_answer_gives_the_same_result);
  RUN(an_invalid_answer_leaves_the_model_unchanged);
  RUN(silence_is_not_zero);
  return check_done();
}
