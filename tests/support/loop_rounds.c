/* SPDX-License-Identifier: MIT */
#include "tests/support/loop_rounds.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

static atomic_uint_fast64_t rounds;

uint64_t loop_rounds(void) { return atomic_load(&rounds); }

#undef curl_multi_poll
CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd *fds, unsigned count,
                          int timeout_ms, int *ret_ready) {
  CURLMcode (*next)(CURLM *, struct curl_waitfd *, unsigned, int, int *);
  void *symbol = dlsym(RTLD_NEXT, "curl_multi_poll");
  memcpy(&next, &symbol, sizeof(next));
  CURLMcode code = next(multi, fds, count, timeout_ms, ret_ready);
  atomic_fetch_add(&rounds, 1);
  return code;
}
