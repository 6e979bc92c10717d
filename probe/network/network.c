/* SPDX-License-Identifier: MIT */
#include "probe/network/network.h"

#include <string.h>

#include "common/net/clock.h"
#include "probe/network/accounts.h"

struct usable {
  const char *name;
  struct gc_account *account; /* NULL: it failed a check */
};

struct probe_run {
  struct probe_reporter reporter;
  struct usable accounts[GC_ACCOUNTS_MAX];
  size_t count;
};

static void check_account(void *ctx, const char *name, const char *host) {
  struct probe_run *run = ctx;
  (void)host;
  run->accounts[run->count++] = (struct usable){
      .name = name, .account = probe_account_check(&run->reporter, name)};
}

GC_API void probe_network_run(probe_say *say) {
  struct probe_run run = {
      .reporter = {.say = say,
                   .end_ms = gc_clock_now_ms() + PROBE_NETWORK_LIMIT_MS}};
  probe_accounts_prepare();
  gc_accounts_each(check_account, &run);
}
