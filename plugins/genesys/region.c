/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/region.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/url.h"

#define REGIONS(XX)                                                            \
  XX("us-east-1", "mypurecloud.com")                                           \
  XX("us-east-2", "use2.us-gov-pure.cloud")                                    \
  XX("us-west-2", "usw2.pure.cloud")                                           \
  XX("ca-central-1", "cac1.pure.cloud")                                        \
  XX("mx-central-1", "mxc1.pure.cloud")                                        \
  XX("sa-east-1", "sae1.pure.cloud")                                           \
  XX("eu-west-1", "mypurecloud.ie")                                            \
  XX("eu-west-2", "euw2.pure.cloud")                                           \
  XX("eu-central-1", "mypurecloud.de")                                         \
  XX("eu-central-2", "euc2.pure.cloud")                                        \
  XX("eusc-de-east-1", "edee1.eusc-pure.cloud")                                \
  XX("me-central-1", "mec1.pure.cloud")                                        \
  XX("ap-northeast-1", "mypurecloud.jp")                                       \
  XX("ap-northeast-2", "apne2.pure.cloud")                                     \
  XX("ap-northeast-3", "apne3.pure.cloud")                                     \
  XX("ap-south-1", "aps1.pure.cloud")                                          \
  XX("ap-southeast-1", "apse1.pure.cloud")                                     \
  XX("ap-southeast-2", "mypurecloud.com.au")

static const struct {
  const char *name, *domain;
} regions[] = {
#define XX(name, domain) {name, domain},
    REGIONS(XX)
#undef XX
};

/* Returns the AWS names of the known regions: "us-east-1, us-east-2, …". */
static const char *list_regions(void) {
  static const char list[] =
#define XX(name, domain) ", " name
      REGIONS(XX)
#undef XX
      ;
  return list + 2;
}

/* Compares names without regard to case and to "-" and "_": AWS writes
 * "eu-west-1", the SDKs "eu_west_1". */
static bool is_same_name(const char *a, const char *b) {
  for (; *a != '\0' && *b != '\0'; a++, b++) {
    bool dashes = (*a == '-' || *a == '_') && (*b == '-' || *b == '_');
    if (!dashes && strncasecmp(a, b, 1) != 0)
      return false;
  }
  return *a == *b;
}

/* True for labels of 1 … 63 letters, digits and hyphens, with at least one dot.
 * The last label is not a number: that would be an IP address. */
static bool is_domain(const char *text) {
  size_t labels = 0;
  for (const char *at = text;; at++) {
    size_t len = strcspn(at, ".");
    if (len == 0 || len > 63 || at[0] == '-' || at[len - 1] == '-' ||
        strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789-") < len)
      return false;
    labels++;
    if (at[len] == '\0')
      return labels > 1 && strspn(at, "0123456789") < len &&
             at + len - text <= 253;
    at += len;
  }
}

static enum gc_code find_domain(const char *region, const char **ret,
                                struct gc_err *err) {
  for (size_t i = 0; i < GC_COUNT(regions); i++)
    if (is_same_name(region, regions[i].name)) {
      *ret = regions[i].domain;
      return GC_OK;
    }
  if (!is_domain(region))
    return gc_fail(
        err, GC_ERR_CONFIG,
        "Region \"%.64s\": neither a domain (mypurecloud.ie) nor one "
        "of %s",
        region, list_regions());
  static const char *const hosts[] = {"api.", "login.", "apps."};
  for (size_t i = 0; i < GC_COUNT(hosts); i++)
    if (strncasecmp(region, hosts[i], strlen(hosts[i])) == 0)
      return gc_fail(err, GC_ERR_CONFIG,
                     "Region \"%.64s\": give the domain alone, \"%.64s\"",
                     region, region + strlen(hosts[i]));
  *ret = region;
  return GC_OK;
}

/* Writes the token URL for the API's address `base`, which the caller made or
 * gc_url_check accepted. */
static void login_from_base(const char *base, char out[GC_URL_SIZE]) {
  const char *host = strstr(base, "://") + 3;
  if (strncasecmp(host, "api.", 4) == 0)
    snprintf(out, GC_URL_SIZE, "%.*slogin.%.*s/oauth/token", (int)(host - base),
             base, GC_URL_MAX - 12, host + 4);
  else
    snprintf(out, GC_URL_SIZE, "%.*s/oauth/token", GC_URL_MAX, base);
}

enum gc_code genesys_region_resolve(const char *region, const char *base_url,
                                    const char *login_url,
                                    struct genesys_region *ret,
                                    struct gc_err *err) {
  struct genesys_region found = {{0}, {0}};
  if (region == NULL && base_url == NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Region is missing; one of %s, or the domain",
                   list_regions());
  if (region != NULL) {
    const char *domain = "";
    GC_TRY(find_domain(region, &domain, err));
    snprintf(found.base_url, GC_URL_SIZE, "https://api.%s", domain);
  }
  if (base_url != NULL)
    GC_TRY(gc_url_check("BaseURL", base_url, found.base_url, err));
  login_from_base(found.base_url, found.token_url);
  if (login_url != NULL) {
    char login[GC_URL_SIZE];
    GC_TRY(gc_url_check("LoginURL", login_url, login, err));
    bool has_path = strchr(strstr(login, "://") + 3, '/') != NULL;
    snprintf(found.token_url, GC_URL_SIZE, "%.*s%s", GC_URL_MAX, login,
             has_path ? "" : "/oauth/token");
  }
  *ret = found;
  return GC_OK;
}
