/* SPDX-License-Identifier: MIT */
/* Maps the region of an organisation to hosts. The table is that of the
 * platform's own SDKs (PureCloudRegionHosts). Pure, any thread. */
#ifndef GENESYS_REGION_H
#define GENESYS_REGION_H

#include "common/base/url.h"

struct genesys_region {
  char base_url[GC_URL_SIZE];  /* "https://api.mypurecloud.ie" */
  char token_url[GC_URL_SIZE]; /* "https://login.mypurecloud.ie/oauth/token" */
};

/* Finds the hosts from the account's options, each of which may be NULL:
 *   region    AWS name ("eu-west-1", "eu_west_1") or domain; any domain is
 *             accepted, since new ones appear every year
 *   base_url  in place of https://api.DOMAIN
 *   login_url in place of https://login.DOMAIN; with a path it is the token
 *             endpoint itself; otherwise /oauth/token is added
 * With base_url and no login_url, the login has the same address, that of a
 * gateway, for every region. If the host begins with "api.", "login." replaces
 * that prefix, as in the SDKs. The text of GC_ERR_CONFIG names the option and
 * the error, and for an unknown region the known regions. */
GC_MUST_CHECK enum gc_code genesys_region_resolve(const char *region,
                                                  const char *base_url,
                                                  const char *login_url,
                                                  struct genesys_region *ret,
                                                  struct gc_err *err);

#endif
