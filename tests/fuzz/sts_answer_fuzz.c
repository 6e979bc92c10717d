/* SPDX-License-Identifier: MIT */
/* Answers of AWS's Security Token Service, read as keys and as a refusal. */
#include <string.h>

#include "plugins/genesys_flowmetrics/sources/sqs/aws_answer.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"
#include "tests/fuzz/fuzz.h"

static void check_printable(const char *text) {
  LAW(text[0] != '\0');
  for (const char *c = text; *c != '\0'; c++)
    LAW(*c > ' ' && *c <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  struct credentials c = {.key_id = "kept"};
  struct gc_err err = {.code = GC_OK};

  if (sts_parse_answer(text, size, &c, &err) == GC_OK) {
    check_printable(c.key_id);
    check_printable(c.secret);
    check_printable(c.token);
  } else {
    LAW(err.code == GC_ERR_AUTH && strcmp(c.key_id, "kept") == 0);
  }

  LAW(aws_refused(AWS_STS, 400, text, size, "x", &err) == GC_ERR_AUTH);
  (void)aws_refused(AWS_SQS, 400, text, size, "x", &err);
  for (const char *p = err.text; *p != '\0'; p++)
    LAW(*p >= ' ' && *p <= '~');
  return 0;
}
