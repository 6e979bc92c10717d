/* SPDX-License-Identifier: MIT */
/* Runs one golden case of genesys_sprout: an answer and the resulting values.
 * Sections:
 *
 *   response         the answer
 *   expect           INSTANCE/TYPE-TYPE_INSTANCE VALUE, and
 *                    error: CODE words           the answer was refused
 */
#include <stdio.h>

#include "plugins/genesys_sprout/sprout.h"
#include "tests/support/case_file.h"

static void print_sample(void *ctx, const struct gc_sample *s) {
  case_say(ctx, "%s/%s-%s %.15g", s->instance, gc_metric(s->metric)->name,
           s->qualifier, s->values[0].gauge);
}

static void run_case(struct case_file *file) {
  const struct case_section *answer = case_section(file, "response");
  struct sprout_decoder *d = sprout_decoder_new();
  struct gc_sink sink = sprout_decoder_sink(d);
  struct gc_samples out = {print_sample, file};
  struct gc_err err = {.code = GC_OK};
  struct sprout read = {.queues = 0};
  sink.begin(sink.ctx);
  if (answer != NULL)
    (void)sink.write(sink.ctx, answer->text, answer->len, &err);
  if (err.code == GC_OK)
    (void)!sprout_decoder_finish(d, &read, &err);
  if (err.code != GC_OK)
    case_say(file, "error: %s %s", gc_code_name(err.code), err.text);
  sprout_samples(err.code == GC_OK ? &read : NULL, 0, "sprout-all", 10000,
                 &out);
  sprout_decoder_free(d);
}

int main(int argc, char **argv) {
  struct case_file file = {0};
  if (argc != 2) {
    fprintf(stderr, "usage: sprout_case FILE.case\n");
    return 99;
  }
  if (!case_read(&file, argv[1]))
    return 99;
  run_case(&file);
  int failed = case_end(&file);
  case_clear(&file);
  return failed;
}
