/* SPDX-License-Identifier: MIT */
/* The leases of a build without hiredis. */
#include "plugins/genesys/lease.h"

enum gc_code lease_check(const struct lease_options *o,
                         const struct gc_account_options *s,
                         struct gc_err *warning, struct gc_err *err) {
  (void)s;
  (void)warning;
  if (o->url == NULL && o->user == NULL && o->password_file == NULL)
    return GC_OK;
  return gc_fail(err, GC_ERR_CONFIG,
                 "LeaseURL: this build has no hiredis; configure it with "
                 "--with-hiredis, or remove the option");
}

enum gc_code lease_add(const struct lease_options *o,
                       const struct gc_account_options *s, struct gc_err *err) {
  (void)o;
  (void)s;
  (void)err;
  return GC_OK;
}

void leases_start(const struct lease_hooks *hooks,
                  void (*failed)(const char *account,
                                 const struct gc_err *err)) {
  (void)hooks;
  (void)failed;
}

void leases_stop(void) {}
