/* SPDX-License-Identifier: MIT */
#include "common/net/listener/listener.h"

#include "tests/support/check.h"

static void secrets_are_compared_whole(void) {
  CHECK(gc_listener_same_secret("abc", 3, "abc", 3));
  CHECK(!gc_listener_same_secret("abc", 3, "abd", 3));
  CHECK(!gc_listener_same_secret("abc", 3, "abcd", 4));
  CHECK(!gc_listener_same_secret("", 0, "a", 1));
}

int main(void) {
  RUN(secrets_are_compared_whole);
  return check_done();
}
