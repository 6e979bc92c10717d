/* SPDX-License-Identifier: MIT */
#include "tests/support/options_bench.h"

#include "common/base/buf.h"
#include "common/base/json/document.h"
#include "tests/support/check.h"
#include "tools/options_manual.h"

static void the_manual_is_printed_from_the_rows(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 10000};
  CHECK_INT(gc_options_manual(options_queue_rows, &out), GC_OK);
  CHECK_STR(
      gc_buf_string(&out),
      "| Option | Type | Unit | Default | Accepted | Meaning |\n"
      "|---|---|---|---|---|---|\n"
      "| `Account` | text |  | required |  | Name of the <Account> to use. |\n"
      "| `ClientSecret` | secret text |  | – |  | The secret. |\n"
      "| `CACert` | text |  | `/etc/ca.pem` |  | File \\| folder. |\n"
      "| `Queue` | texts, repeatable |  | – |  | Name globs. |\n"
      "| `ObservationInterval` | number | s | `10` | whole, 5 to 3600 | "
      "Seconds "
      "between two readings. |\n"
      "| `Port` | number |  | – | whole, 1 to 65535 | A port. |\n"
      "| `ReconnectMin` | number | s | `0.5` | 0.1 to 30 | First pause. |\n"
      "| `WaitBuckets` | numbers, ascending | s | `1 2.5 4` | 0.001 to 86400 | "
      "Bounds. |\n"
      "| `Raw` | boolean |  | `true` | `true`, `false` | Dispatch raw values. "
      "|\n"
      "| `VerifyPeer` | boolean |  | `false` | `true`, `false` | Verify. |\n"
      "| `Stream` | word |  | `conversations` | `notifications`, "
      "`conversations`, `none` | What to listen to. |\n");

  struct gc_buf tiny = {.max = 100};
  CHECK_INT(gc_options_manual(options_queue_rows, &tiny), GC_ERR_LIMIT);
  gc_buf_clear(&tiny);
}

static void an_example_stands_as_in_the_file(void) {
  static const char *const wants[] = {
      "Account \"prod\"",   "ClientSecret \"hush\"",  "CACert \"/ca.pem\"",
      "Queue \"Support*\"", "ObservationInterval 30", "Port 8080",
      "ReconnectMin 2",     "WaitBuckets 1 5",        "Raw false",
      "VerifyPeer true",    "Stream \"none\""};
  for (size_t i = 0; i < GC_COUNT(wants); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 100};
    CHECK_ROW(options_queue_rows[i].key);
    CHECK_INT(gc_option_example(&options_queue_rows[i], &out), GC_OK);
    CHECK_STR(gc_buf_string(&out), wants[i]);
  }
}

static void the_rows_are_printed_for_other_programs(void) {
  static const struct gc_opt two[] = {
      GC_OPT_INT(struct options_health, port, "Port", "80", 1, 99, "s",
                 "A \"port\".", "7"),
      GC_OPT_STR(struct options_outside, state_dir, "Word", "/not/printed",
                 GC_OPT_SECRET | GC_OPT_NEEDED, "A word.", "hush"),
      GC_OPT_END};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 10000};
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct gc_err err;
  gc_options_json(two, &d, NULL, NULL);
  CHECK_INT(gc_document_write(&d, &out, &err), GC_OK);
  CHECK_STR(
      gc_buf_string(&out),
      "[{\"option\":\"Port\",\"type\":\"number\",\"unit\":\"s\",\"default\":"
      "\"80\",\"required\":false,\"secret\":false,\"accepted\":\"whole, 1 to "
      "99\",\"meaning\":\"A \\\"port\\\".\",\"example\":\"Port 7\"},"
      "{\"option\":\"Word\",\"type\":\"text\",\"unit\":\"\",\"default\":null,"
      "\"required\":true,\"secret\":true,\"accepted\":\"\",\"meaning\":\"A "
      "word.\",\"example\":\"Word \\\"hush\\\"\"}]");
}

int main(void) {
  RUN(the_manual_is_printed_from_the_rows);
  RUN(an_example_stands_as_in_the_file);
  RUN(the_rows_are_printed_for_other_programs);
  return check_done();
}
