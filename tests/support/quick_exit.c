/* SPDX-License-Identifier: MIT */
/* Ends a program after its exit handlers and before the destructors of its
 * libraries; preloaded before libfaketime. collectd may exit while a thread is
 * left behind that waits for a disk. The destructor of libfaketime 0.9.10
 * removes its semaphore, and a later stat() in that thread crashes (0.9.10 has
 * no FAKETIME_DISABLE_SHM). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef int start_main(int argc, char **argv, char **envp);

static start_main *program;

static void end_at_once(int status, void *unused) {
  (void)unused;
  (void)fflush(stdout);
  (void)fflush(stderr);
  _exit(status);
}

/* Exit handlers run in reverse order, and ld.so has registered the destructors
 * before main(): this handler, the first one of main(), runs before them and
 * after the other handlers that main() registers. */
static int run_program(int argc, char **argv, char **envp) {
  (void)on_exit(end_at_once, NULL);
  return program(argc, argv, envp);
}

int __libc_start_main(start_main *main, int argc, char **argv,
                      void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end);

/* LSB Core: the start code of a program calls this function with main(). */
int __libc_start_main(start_main *main, int argc, char **argv,
                      void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
  int (*next)(start_main *, int, char **, void (*)(void), void (*)(void),
              void (*)(void), void *);
  *(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
  program = main;
  return next(run_program, argc, argv, init, fini, rtld_fini, stack_end);
}
