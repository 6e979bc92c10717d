/* SPDX-License-Identifier: MIT */
#include "common/net/thread.h"

#include <signal.h>

static int start_with(pthread_t *ret_thread, const pthread_attr_t *attr,
                      void *(*run)(void *ctx), void *ctx) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(ret_thread, attr, run, ctx);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed;
}

int gc_thread_start(pthread_t *ret_thread, void *(*run)(void *ctx), void *ctx) {
  return start_with(ret_thread, NULL, run, ctx);
}

int gc_thread_start_detached(size_t stack_bytes, void *(*run)(void *ctx),
                             void *ctx) {
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  if (stack_bytes > 0)
    pthread_attr_setstacksize(&attr, stack_bytes);
  int failed = start_with(&thread, &attr, run, ctx);
  pthread_attr_destroy(&attr);
  return failed;
}
