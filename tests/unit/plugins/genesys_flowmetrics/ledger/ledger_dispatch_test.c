/* SPDX-License-Identifier: MIT */
/* The counters that readers of the ledger dispatch: each begins with a zero,
 * and continues after a restart. */
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#include "plugins/genesys_flowmetrics/samples.h"
#include "tests/support/check.h"
#include "tests/support/ledger_bench.h"

static void a_new_counter_begins_with_a_zero(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  CHECK_INT(lb_dispatch(l, 1000), -1);
  lb_count_one(l, 1);
  lb_sent.refuses = true;
  CHECK_INT(lb_dispatch(l, 2000), -1);
  lb_sent.refuses = false;
  CHECK_INT(lb_dispatch(l, 3000), 0);
  lb_wait_shown(l);
  CHECK_INT(lb_dispatch(l, 4000), 1);
  CHECK_INT(lb_dispatch(l, 13999), -1);
  CHECK_INT(lb_dispatch(l, 14000), 1);
  lb_count_one(l, 2);
  CHECK_INT(lb_dispatch(l, 15000), 2);
  /* After a pause the missed values are not dispatched. */
  CHECK_INT(lb_dispatch(l, 123000), 2);
  CHECK_INT(lb_dispatch(l, 123001), -1);
  ledger_free(l);
  lb_remove_folder();
}

static void a_counter_of_the_file_continues_where_it_was(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  lb_count_one(l, 1);
  CHECK_INT(lb_dispatch(l, 1000), 0);
  lb_wait_shown(l);
  ledger_free(l);

  l = lb_start();
  lb_count_one(l, 2);
  CHECK_INT(lb_dispatch(l, 1000), 2);
  ledger_free(l);
  lb_remove_folder();
}

static void a_counter_never_shown_begins_with_zero_after_a_restart(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  lb_count_one(l, 1);
  ledger_free(l);
  l = lb_start();
  lb_count_one(l, 2);
  CHECK_INT(lb_dispatch(l, 1000), 0);
  lb_wait_shown(l);
  CHECK_INT(lb_dispatch(l, 11000), 2);
  ledger_free(l);
  lb_remove_folder();
}

static void the_last_read_sends_the_unsent_counts(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  lb_count_one(l, 1);
  CHECK_INT(lb_dispatch(l, 1000), 0);
  lb_wait_shown(l);
  CHECK_INT(lb_dispatch(l, 11000), 1);
  samples_flow(l, 12000, 10000, lb_on_sample, NULL);
  CHECK_INT(lb_sent.count, 1);
  unsigned before = lb_sent.times;
  lb_count_one(l, 2);
  samples_flow(l, 12000, 10000, lb_on_sample, NULL);
  CHECK_INT(lb_sent.times, before + 1);
  CHECK_INT(lb_sent.count, 2);
  ledger_free(l);
  lb_remove_folder();
}

int main(void) {
  RUN(a_new_counter_begins_with_a_zero);
  RUN(a_counter_of_the_file_continues_where_it_was);
  RUN(a_counter_never_shown_begins_with_zero_after_a_restart);
  RUN(the_last_read_sends_the_unsent_counts);
  return check_done();
}
