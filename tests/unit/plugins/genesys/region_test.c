/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/region.h"

#include "tests/support/check.h"

static void the_options_determine_the_addresses(void) {
  static const struct {
    const char *region, *base_url, *login_url; /* options */
    const char *base, *token;                  /* the resulting addresses */
  } rows[] = {
      {"eu-west-1", NULL, NULL, "https://api.mypurecloud.ie",
       "https://login.mypurecloud.ie/oauth/token"},
      {"eu_west_1", NULL, NULL, "https://api.mypurecloud.ie",
       "https://login.mypurecloud.ie/oauth/token"},
      {"EU-West-1", NULL, NULL, "https://api.mypurecloud.ie",
       "https://login.mypurecloud.ie/oauth/token"},
      {"us-east-2", NULL, NULL, "https://api.use2.us-gov-pure.cloud",
       "https://login.use2.us-gov-pure.cloud/oauth/token"},
      {"eusc_de_east_1", NULL, NULL, "https://api.edee1.eusc-pure.cloud",
       "https://login.edee1.eusc-pure.cloud/oauth/token"},
      {"mypurecloud.com.au", NULL, NULL, "https://api.mypurecloud.com.au",
       "https://login.mypurecloud.com.au/oauth/token"},
      {"xyz9.pure.cloud", NULL, NULL, "https://api.xyz9.pure.cloud",
       "https://login.xyz9.pure.cloud/oauth/token"},
      {NULL, "https://gw.example:8443/genesys/", NULL,
       "https://gw.example:8443/genesys",
       "https://gw.example:8443/genesys/oauth/token"},
      {NULL, "http://127.0.0.1:9000", NULL, "http://127.0.0.1:9000",
       "http://127.0.0.1:9000/oauth/token"},
      {NULL, "https://api.mypurecloud.ie/", NULL, "https://api.mypurecloud.ie",
       "https://login.mypurecloud.ie/oauth/token"},
      {NULL, "https://API.x.example:1/p", NULL, "https://API.x.example:1/p",
       "https://login.x.example:1/p/oauth/token"},
      {"eu-west-1", "https://gw.example", NULL, "https://gw.example",
       "https://gw.example/oauth/token"},
      {"eu-west-1", NULL, "https://sso.example", "https://api.mypurecloud.ie",
       "https://sso.example/oauth/token"},
      {"eu-west-1", NULL, "https://sso.example/", "https://api.mypurecloud.ie",
       "https://sso.example/oauth/token"},
      {"eu-west-1", NULL, "https://sso.example/api/v2/oauth/token",
       "https://api.mypurecloud.ie", "https://sso.example/api/v2/oauth/token"},
      {NULL, "https://gw.example", "http://localhost:1/t", "https://gw.example",
       "http://localhost:1/t"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].region != NULL ? rows[i].region : rows[i].base_url);
    struct genesys_region got = {{0}, {0}};
    struct gc_err err = {0};
    CHECK_INT(genesys_region_resolve(rows[i].region, rows[i].base_url,
                                     rows[i].login_url, &got, &err),
              GC_OK);
    CHECK_STR(err.text, "");
    CHECK_STR(got.base_url, rows[i].base);
    CHECK_STR(got.token_url, rows[i].token);
  }
}

/* The platform's own list, written here a second time. */
static void each_region_of_the_platform_is_known(void) {
  static const struct {
    const char *region, *domain;
  } rows[] = {
      {"us_east_1", "mypurecloud.com"},
      {"us_east_2", "use2.us-gov-pure.cloud"},
      {"us_west_2", "usw2.pure.cloud"},
      {"ca_central_1", "cac1.pure.cloud"},
      {"mx_central_1", "mxc1.pure.cloud"},
      {"sa_east_1", "sae1.pure.cloud"},
      {"eu_west_1", "mypurecloud.ie"},
      {"eu_west_2", "euw2.pure.cloud"},
      {"eu_central_1", "mypurecloud.de"},
      {"eu_central_2", "euc2.pure.cloud"},
      {"eusc_de_east_1", "edee1.eusc-pure.cloud"},
      {"me_central_1", "mec1.pure.cloud"},
      {"ap_northeast_1", "mypurecloud.jp"},
      {"ap_northeast_2", "apne2.pure.cloud"},
      {"ap_northeast_3", "apne3.pure.cloud"},
      {"ap_south_1", "aps1.pure.cloud"},
      {"ap_southeast_1", "apse1.pure.cloud"},
      {"ap_southeast_2", "mypurecloud.com.au"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].region);
    struct genesys_region got;
    char want[GC_URL_SIZE];
    CHECK_INT(genesys_region_resolve(rows[i].region, NULL, NULL, &got, NULL),
              GC_OK);
    snprintf(want, sizeof(want), "https://api.%s", rows[i].domain);
    CHECK_STR(got.base_url, want);
  }
}

static void junk_is_refused_and_the_regions_are_named(void) {
  static const struct {
    const char *region, *base_url, *login_url, *words;
  } rows[] = {
      {NULL, NULL, NULL, "Region is missing; one of us-east-1, us-east-2"},
      {NULL, NULL, "https://sso.example", "Region is missing"},
      {"", NULL, NULL, "ap-southeast-2"},
      {"eu-west-9", NULL, NULL, "Region \"eu-west-9\""},
      {"eu-west-9", NULL, NULL, "ap-southeast-2"},
      {"eu west 1", NULL, NULL, "neither a domain"},
      {" mypurecloud.ie", NULL, NULL, "neither a domain"},
      {"mypurecloud.ie ", NULL, NULL, "neither a domain"},
      {"https://mypurecloud.ie", NULL, NULL, "neither a domain"},
      {"mypurecloud.ie/", NULL, NULL, "neither a domain"},
      {"mypurecloud.ie:443", NULL, NULL, "neither a domain"},
      {"me@mypurecloud.ie", NULL, NULL, "neither a domain"},
      {".ie", NULL, NULL, "neither a domain"},
      {"mypurecloud.", NULL, NULL, "neither a domain"},
      {"my..cloud", NULL, NULL, "neither a domain"},
      {"my-.cloud", NULL, NULL, "neither a domain"},
      {"-my.cloud", NULL, NULL, "neither a domain"},
      {"127.0.0.1", NULL, NULL, "neither a domain"},
      {"localhost", NULL, NULL, "neither a domain"},
      {"api.mypurecloud.ie", NULL, NULL, "alone, \"mypurecloud.ie\""},
      {"eu-west-1", "http://x.example", NULL, "BaseURL"},
      {"eu-west-1", NULL, "https://u:p@x.example", "LoginURL"},
      {"junk", "https://gw.example", NULL, "Region"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].region != NULL ? rows[i].region : "NULL");
    struct genesys_region got = {"untouched", "untouched"};
    struct gc_err err = {0};
    CHECK_INT(genesys_region_resolve(rows[i].region, rows[i].base_url,
                                     rows[i].login_url, &got, &err),
              GC_ERR_CONFIG);
    CHECK_HAS(err.text, rows[i].words);
    CHECK_STR(got.base_url, "untouched");
  }
}

static void the_longest_addresses_still_fit(void) {
  char base[481];
  struct genesys_region got;
  memset(base, 'x', 480);
  memcpy(base, "https://api.", 12);
  base[480] = '\0';
  CHECK_INT(genesys_region_resolve(NULL, base, NULL, &got, NULL), GC_OK);
  CHECK_INT(strlen(got.token_url), 480 + 2 + strlen("/oauth/token"));
}

int main(void) {
  RUN(the_options_determine_the_addresses);
  RUN(each_region_of_the_platform_is_known);
  RUN(junk_is_refused_and_the_regions_are_named);
  RUN(the_longest_addresses_still_fit);
  return check_done();
}
