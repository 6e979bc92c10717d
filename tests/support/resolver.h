/* SPDX-License-Identifier: MIT */
/* The test program's own getaddrinfo, which libcurl calls in place of the C
 * library's: "nowhere.test" has no address, "hang.test" hangs until
 * resolver_release, and every other name is this host. No look-up leaves the
 * host. */
#ifndef GC_TESTS_SUPPORT_RESOLVER_H
#define GC_TESTS_SUPPORT_RESOLVER_H

unsigned resolver_hanging(void); /* look-ups that hang now */
void resolver_release(void);     /* ends them and waits for their ends */

#endif
