/* SPDX-License-Identifier: MIT */
/* The lines of a lease whose Redis never answers. */
#include <time.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/fake_daemon.h"

void genesys_module_register(void);

static const char config[] = "<Plugin genesys>\n"
                             "  <Account \"prod\">\n"
                             "    Region \"eu-west-1\"\n"
                             "    ClientId \"c\"\n"
                             "    ClientSecret \"s\"\n"
                             "    Host \"pair\"\n"
                             "    LeaseURL \"redis://127.0.0.1:1\"\n"
                             "    LeaseTTL 3\n"
                             "  </Account>\n"
                             "</Plugin>\n";

/* A cause ends by its success, and a stop is none. */
static void a_stop_ends_no_outage_of_redis(void) {
  const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  CHECK_INT(fake_config(config), 0);
  CHECK_INT(fake_init(), 0);
  while (!fake_log_has("this agent dispatches nothing") &&
         gc_clock_now_ms() < until_ms) {
    fake_read(NULL);
    nanosleep(&pause, NULL);
  }
  CHECK(fake_log_has("the lease cannot be confirmed at the Redis of LeaseURL"));
  fake_shutdown();
  CHECK(!fake_log_has("good again"));
}

int main(void) {
  fake_reset();
  genesys_module_register();
  RUN(a_stop_ends_no_outage_of_redis);
  fake_reset();
  return check_done();
}
