/* SPDX-License-Identifier: MIT */
/* A wall clock that steps, for collectd in the end-to-end tests, where it is
 * preloaded before libfaketime, and for the Redis of unit tests. It adds the
 * milliseconds in the file of GC_CLOCK_STEP (an int64_t) to CLOCK_REALTIME and
 * to no other clock; the test writes another number into the file. As with the
 * kernel, a wait for a moment of the wall clock notices the step; libfaketime
 * would convert the wait once into a span of time. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
  CHECK_EACH_S = 5,
  YEAR_2001_S = 1000000000 /* a smaller moment is one of a monotonic clock */
};

static const volatile int64_t *step; /* NULL: no file, no step */

__attribute__((constructor)) static void open_step(void) {
  const char *path = getenv("GC_CLOCK_STEP");
  int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0)
    return;
  void *at = mmap(NULL, sizeof(*step), PROT_READ, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED)
    step = at;
  (void)close(fd);
}

static int64_t step_ms(void) { return step != NULL ? *step : 0; }

static struct timespec shift_time(struct timespec t, int64_t ms) {
  t.tv_sec += ms / 1000;
  t.tv_nsec += ms % 1000 * 1000000;
  while (t.tv_nsec < 0 || t.tv_nsec >= 1000000000) {
    int carry = t.tv_nsec < 0 ? -1 : 1;
    t.tv_sec += carry;
    t.tv_nsec -= carry * 1000000000L;
  }
  return t;
}

static bool is_before(const struct timespec *a, const struct timespec *b) {
  return a->tv_sec < b->tv_sec ||
         (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

int clock_gettime(clockid_t clock, struct timespec *t) {
  static int (*next)(clockid_t, struct timespec *);
  if (next == NULL)
    *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
  int status = next(clock, t);
  if (status == 0 &&
      (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    *t = shift_time(*t, step_ms());
  return status;
}

int gettimeofday(struct timeval *restrict tv,
                 __attribute__((unused)) void *restrict zone) {
  struct timespec t = {0, 0};
  int status = clock_gettime(CLOCK_REALTIME, &t);
  *tv = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
  return status;
}

time_t time(time_t *ret) {
  struct timespec t = {0, 0};
  (void)clock_gettime(CLOCK_REALTIME, &t);
  if (ret != NULL)
    *ret = t.tv_sec;
  return t.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond,
                           pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
  static int (*next)(pthread_cond_t *, pthread_mutex_t *,
                     const struct timespec *);
  if (next == NULL)
    *(void **)&next = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  if (until->tv_sec < YEAR_2001_S)
    return next(cond, mutex, until);
  for (;;) {
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (!is_before(&now, until))
      return ETIMEDOUT;
    struct timespec wake = shift_time(now, CHECK_EACH_S * 1000);
    if (is_before(until, &wake))
      wake = *until;
    wake = shift_time(wake, -step_ms());
    int status = next(cond, mutex, &wake);
    if (status != ETIMEDOUT)
      return status;
  }
}
