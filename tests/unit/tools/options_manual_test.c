/* SPDX-License-Identifier: MIT */
#include "tests/support/options_bench.h"

#include "common/base/buf.h"
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
      "| `Queue` | text, repeatable |  | – |  | Name globs. |\n"
      "| `ObservationInterval` | integer | s | `10` | 5 to 3600 | "
      "Seconds "
      "between two readings. |\n"
      "| `Port` | integer |  | – | 1 to 65535 | A port. |\n"
      "| `ReconnectMin` | number | s | `0.5` | 0.1 to 30 | First pause. |\n"
      "| `WaitBuckets` | number, repeatable | s | `1 2.5 4` | 0.001 to 86400 | "
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

int main(void) {
  RUN(the_manual_is_printed_from_the_rows);
  return check_done();
}
