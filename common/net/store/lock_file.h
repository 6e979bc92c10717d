/* SPDX-License-Identifier: MIT */
/* A folder that one process owns: made if it is missing, checked for other
 * users' rights, locked by a file in it. Any thread; waits for the disk only.
 */
#ifndef GC_NET_STORE_LOCK_FILE_H
#define GC_NET_STORE_LOCK_FILE_H

#include "common/base/err.h"

enum { GC_LOCK_PATH_SIZE = 4096 };

/* Zero it before gc_lock_file_take. */
struct gc_lock_file {
  int fd; /* 0: not locked */
  char path[GC_LOCK_PATH_SIZE];
};

/* Makes the folder with mode 0700 if its parent exists. `option` names it in
 * the text of GC_ERR_STATE: "StateDir". */
GC_MUST_CHECK enum gc_code
gc_folder_make(const char *option, const char *folder, struct gc_err *err);
/* Fills `ret_warning` if users other than collectd's may replace the files in
 * the folder. */
GC_API void gc_folder_check(const char *option, const char *folder,
                            struct gc_err *ret_warning);

/* Locks the file `name` in the folder and writes this process' name into it.
 * The kernel releases the lock however a process ends. Does not wait: any user
 * who can open the file could hold the lock without end. `subject` begins the
 * text of GC_ERR_UNAVAILABLE (another process has it): "state file
 * /x/state.db"; `option` names what to change: "StateDir". GC_ERR_STATE: the
 * file cannot be made. */
GC_MUST_CHECK enum gc_code
gc_lock_file_take(struct gc_lock_file *l, const char *folder, const char *name,
                  const char *subject, const char *option, struct gc_err *err);
/* Releases and deletes it; does nothing if it is not locked. */
void gc_lock_file_release(struct gc_lock_file *l);

#endif
