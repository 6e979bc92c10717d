/* SPDX-License-Identifier: MIT */
/* The lines of an <Account> block become settings of the core. The test
 * replaces the core's gc_accounts_define, so that it sees the arguments. */
#include "plugins/genesys/accounts.h"

#include "collectd.h"
#include "configfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/block_text.h"
#include "tests/support/check.h"

#define SECRET "ClientSecret \"se cret\"\n"
#define CLIENT "Region \"eu-west-1\"\nClientId \"c1\"\n"
#define NEEDED CLIENT SECRET

static struct gc_account_options got;
static struct gc_err warnings[4];
static size_t warning_count;
static enum gc_code define_answers;

static void forget_account(void) {
  char **texts[] = {&got.name,
                    &got.region,
                    &got.base_url,
                    &got.token_url,
                    &got.client_id,
                    &got.secret_literal,
                    &got.secret_file,
                    &got.secret_env,
                    &got.secret_credential,
                    &got.scope,
                    &got.host,
                    &got.lease_url,
                    &got.lease_user,
                    &got.lease_password_file,
                    &got.connect.ca_cert,
                    &got.connect.client_cert,
                    &got.connect.client_key,
                    &got.connect.client_key_pass,
                    &got.connect.proxy,
                    &got.connect.no_proxy};
  for (size_t i = 0; i < GC_COUNT(texts); i++)
    free(*texts[i]);
  got = (struct gc_account_options){0};
}

enum gc_code gc_accounts_define(struct gc_account_options *settings,
                                struct gc_err *err) {
  forget_account();
  got = *settings;
  *settings = (struct gc_account_options){0};
  return define_answers == GC_OK ? GC_OK
                                 : gc_fail(err, define_answers, "no room");
}

static void record_warning(const char *account, const struct gc_err *warning) {
  CHECK_STR(account, "prod");
  if (warning_count < GC_COUNT(warnings))
    warnings[warning_count++] = *warning;
}

static enum gc_code read_account(const char *name, void *options,
                                 struct gc_err *err) {
  enum gc_code code = account_define(name, options, record_warning, err);
  free(options);
  return code;
}

static const struct gc_block_kind blocks[] = {
    {"Account", account_rows, sizeof(struct account_options), "An account.",
     true, read_account},
    {.key = NULL}};

/* Reads <Account "prod"> with these lines; "" or the text of the failure. */
static const char *configure_account(const char *lines) {
  forget_account();
  warning_count = 0;
  return block_text("genesys", blocks, "prod", lines);
}

static void missing_options_have_their_defaults(void) {
  CHECK_STR(configure_account(NEEDED), "");
  CHECK_STR(got.name, "prod");
  CHECK_STR(got.region, "eu-west-1");
  CHECK_STR(got.client_id, "c1");
  CHECK_STR(got.secret_literal, "se cret");
  CHECK_STR(got.base_url, "https://api.mypurecloud.ie");
  CHECK_STR(got.token_url, "https://login.mypurecloud.ie/oauth/token");
  CHECK(got.secret_file == NULL && got.secret_env == NULL);
  CHECK(got.secret_credential == NULL && got.scope == NULL);
  CHECK(got.host == NULL);
  CHECK(!got.token_in_body);
  CHECK_INT(got.requests_per_minute, 250);
  CHECK_INT(got.monthly_requests, 0);
  CHECK_INT(got.max_concurrent, 4);
  CHECK_INT(got.token_margin_s, 300);
  CHECK_INT(got.connect.timeout_ms, 10000);
  CHECK_INT(got.connect.connect_timeout_ms, 5000);
  CHECK(got.connect.verify_peer && got.connect.verify_host);
  CHECK(got.connect.ca_cert == NULL && got.connect.client_cert == NULL);
  CHECK(got.connect.client_key == NULL && got.connect.client_key_pass == NULL);
  CHECK(got.connect.proxy == NULL && got.connect.no_proxy == NULL);
  CHECK_INT(warning_count, 0);
}

static void every_option_goes_to_its_place(void) {
  CHECK_STR(configure_account(
                NEEDED
                "Host genesys\nRequestsPerMinute 100\n"
                "MonthlyRequests 3000000000\n"
                "MaxConcurrentRequests 2\nTimeout 20\nConnectTimeout 3\n"
                "TokenRefreshMargin 60\nTokenAuth BODY\n"
                "Scope \"a:b\" \"c\"\nScope d\n"
                "VerifyPeer false\nVerifyHost false\nCACert \"/ca.pem\"\n"
                "ClientCert \"/c.pem\"\nClientKey \"/k.pem\"\n"
                "ClientKeyPass pass\nProxy \"http://u:p@proxy:3128\"\n"
                "NoProxy \"localhost,.example\"\n"),
            "");
  CHECK_STR(got.host, "genesys");
  CHECK_INT(got.requests_per_minute, 100);
  CHECK_INT(got.monthly_requests, 3000000000);
  CHECK_INT(got.max_concurrent, 2);
  CHECK_INT(got.connect.timeout_ms, 20000);
  CHECK_INT(got.connect.connect_timeout_ms, 3000);
  CHECK_INT(got.token_margin_s, 60);
  CHECK(got.token_in_body);
  CHECK_STR(got.scope, "a:b c d");
  CHECK(!got.connect.verify_peer && !got.connect.verify_host);
  CHECK_STR(got.connect.ca_cert, "/ca.pem");
  CHECK_STR(got.connect.client_cert, "/c.pem");
  CHECK_STR(got.connect.client_key, "/k.pem");
  CHECK_STR(got.connect.client_key_pass, "pass");
  CHECK_STR(got.connect.proxy, "http://u:p@proxy:3128");
  CHECK_STR(got.connect.no_proxy, "localhost,.example");
}

static void the_addresses_follow_from_region_and_overrides(void) {
  static const struct {
    const char *lines, *base_url, *token_url;
  } rows[] = {
      {"Region \"us_west_2\"\n", "https://api.usw2.pure.cloud",
       "https://login.usw2.pure.cloud/oauth/token"},
      {"Region \"mypurecloud.de\"\n", "https://api.mypurecloud.de",
       "https://login.mypurecloud.de/oauth/token"},
      {"Region \"new.pure.cloud\"\n", "https://api.new.pure.cloud",
       "https://login.new.pure.cloud/oauth/token"},
      {"BaseURL \"http://127.0.0.1:8080/\"\n", "http://127.0.0.1:8080",
       "http://127.0.0.1:8080/oauth/token"},
      {"Region \"eu-west-1\"\nLoginURL \"https://sso.example/t\"\n",
       "https://api.mypurecloud.ie", "https://sso.example/t"},
      {"BaseURL \"https://gw.example/genesys\"\n"
       "LoginURL \"https://sso.example\"\n",
       "https://gw.example/genesys", "https://sso.example/oauth/token"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char lines[512];
    CHECK_ROW(rows[i].lines);
    snprintf(lines, sizeof(lines), "ClientId c1\n" SECRET "%s", rows[i].lines);
    CHECK_STR(configure_account(lines), "");
    CHECK_STR(got.base_url, rows[i].base_url);
    CHECK_STR(got.token_url, rows[i].token_url);
  }
}

static void the_secret_comes_from_one_of_four_places(void) {
  CHECK_STR(configure_account(CLIENT
                              "ClientSecretFile \"/nowhere/genesys.secret\"\n"),
            "");
  CHECK_STR(got.secret_file, "/nowhere/genesys.secret");
  CHECK_STR(configure_account(CLIENT "ClientSecretEnv GENESYS_SECRET\n"), "");
  CHECK_STR(got.secret_env, "GENESYS_SECRET");
  CHECK_STR(configure_account(CLIENT "ClientSecretCredential genesys\n"), "");
  CHECK_STR(got.secret_credential, "genesys");
  CHECK_STR(configure_account(CLIENT "ClientSecret x\n"), "");
  CHECK_STR(got.secret_literal, "x");
  CHECK(got.secret_file == NULL && got.secret_env == NULL);
}

static void each_doubtful_setting_has_its_own_warning(void) {
  CHECK_STR(configure_account(NEEDED "VerifyPeer false\n"), "");
  CHECK_INT(warning_count, 1);
  CHECK_HAS(warnings[0].text, "VerifyPeer false");
  CHECK_HAS(warnings[0].text, "CACert");
  CHECK_STR(configure_account(NEEDED "VerifyHost false\n"), "");
  CHECK_INT(warning_count, 1);
  CHECK_HAS(warnings[0].text, "VerifyHost false");
  CHECK_STR(configure_account(NEEDED "VerifyPeer false\nVerifyHost false\n"),
            "");
  CHECK_INT(warning_count, 1);
  CHECK_STR(configure_account(NEEDED "ConnectTimeout 11\n"), "");
  CHECK_INT(warning_count, 1);
  CHECK_HAS(warnings[0].text, "ConnectTimeout 11 is longer than Timeout 10");
  CHECK_STR(configure_account(NEEDED "ConnectTimeout 10\n"), "");
  CHECK_INT(warning_count, 0);
  CHECK_STR(configure_account(NEEDED "Timeout 2\n"), ""); /* the default: 5 */
  CHECK_INT(warning_count, 0);
}

static void errors_name_the_option(void) {
  static const struct {
    const char *lines, *has[3];
  } rows[] = {
      {"Region \"eu-west-1\"\n" SECRET, {"ClientId is missing"}},
      {CLIENT, {"ClientSecretFile", "ClientSecretCredential", "ClientSecret"}},
      {NEEDED "ClientSecretEnv X\n", {"more than one client secret"}},
      {CLIENT "ClientSecret \"\"\n", {"no client secret"}},
      {CLIENT "ClientSecretCredential \"a/b\"\n", {"LoadCredential"}},
      {"ClientId c\n" SECRET, {"Region is missing", "eu-west-1"}},
      {"Region nowhere\nClientId c\n" SECRET, {"Region \"nowhere\""}},
      {NEEDED "BaseURL \"http://api.example\"\n", {"BaseURL"}},
      {NEEDED "BaseURL \"https://u:pw@api.example\"\n", {"BaseURL"}},
      {NEEDED "LoginURL \"ftp://x\"\n", {"LoginURL"}},
      {NEEDED "ClientKey \"/k.pem\"\n", {"ClientKey needs a ClientCert"}},
      {NEEDED "RequestsPerMinute 1\n", {"RequestsPerMinute 1", "2", "100000"}},
      {NEEDED "RequestsPerMinute 2.5\n", {"RequestsPerMinute 2.5"}},
      {NEEDED "MaxConcurrentRequests 0\n", {"MaxConcurrentRequests 0"}},
      {NEEDED "Timeout 0\n", {"Timeout 0", "1", "600"}},
      {NEEDED "ConnectTimeout 601\n", {"ConnectTimeout 601"}},
      {NEEDED "TokenAuth header\n", {"TokenAuth", "\"basic\"", "\"body\""}},
      {NEEDED "VerifyPeer maybe\n", {"VerifyPeer", "maybe"}},
      {NEEDED "Hosst x\n", {"Hosst", "did you mean", "\"Host\""}},
      {NEEDED "ClientId c2\n", {"ClientId"}},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].lines);
    const char *text = configure_account(rows[i].lines);
    CHECK_HAS(text, "genesys: <Account \"prod\">: ");
    for (size_t j = 0; j < GC_COUNT(rows[i].has); j++)
      if (rows[i].has[j] != NULL)
        CHECK_HAS(text, rows[i].has[j]);
    CHECK(strstr(text, "se cret") == NULL && strstr(text, "pw") == NULL);
  }
}

#define LEASE NEEDED "Host pair\nLeaseURL \"redis://localhost\"\n"

static void a_lease_needs_one_address_and_a_host(void) {
  static const struct {
    const char *lines, *has;
  } rows[] = {
      {NEEDED "LeaseURL \"redis://localhost\"\n", "LeaseURL needs a Host"},
      {NEEDED "Host a\nLeaseURL \"http://localhost\"\n",
       "LeaseURL \"http://localhost\": expected redis://"},
      {NEEDED "Host a\nLeaseURL \"redis://u:pw@localhost\"\n",
       "use LeaseUser and LeasePasswordFile"},
      {NEEDED "Host a\nLeaseURL \"redis+sentinel://h:26379/mymaster\"\n",
       "Sentinel and Cluster are not supported"},
      {NEEDED "Host a\nLeaseURL \"redis://h1:6379,h2:6379\"\n",
       "Sentinel and Cluster are not supported"},
      {LEASE "LeaseUser collectd\n", "LeaseUser needs a LeasePasswordFile"},
      {NEEDED "LeasePasswordFile \"/f\"\n", "need a LeaseURL"},
      {LEASE "LeaseTTL 2\n", "3"},
      {LEASE "LeaseTTL 301\n", "300"},
      {LEASE "LeaseLost keep\n", "\"go on\""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].lines);
    const char *text = configure_account(rows[i].lines);
    CHECK_HAS(text, rows[i].has);
    CHECK(strstr(text, "pw") == NULL);
  }
  CHECK_STR(configure_account(LEASE "LeaseTTL 30\nLeaseLost \"go on\"\n"
                                    "LeaseUser c\nLeasePasswordFile \"/f\"\n"),
            "");
  CHECK(got.lease_url != NULL);
  CHECK_STR(got.lease_password_file, "/f");
  CHECK_INT(warning_count, 0);
  CHECK_STR(
      configure_account(NEEDED "Host a\nLeaseURL \"redis://redis.test\"\n"),
      "");
  CHECK_INT(warning_count, 1);
  CHECK_HAS(warnings[0].text, "unencrypted");
  CHECK_STR(configure_account(NEEDED), "");
  CHECK(got.lease_url == NULL);
}

static void errors_of_the_core_are_passed_on(void) {
  define_answers = GC_ERR_CONFIG;
  CHECK_HAS(configure_account(NEEDED), "genesys: <Account \"prod\">: no room");
  define_answers = GC_OK;
}

int main(void) {
  RUN(missing_options_have_their_defaults);
  RUN(every_option_goes_to_its_place);
  RUN(the_addresses_follow_from_region_and_overrides);
  RUN(the_secret_comes_from_one_of_four_places);
  RUN(each_doubtful_setting_has_its_own_warning);
  RUN(errors_name_the_option);
  RUN(a_lease_needs_one_address_and_a_host);
  RUN(errors_of_the_core_are_passed_on);
  forget_account();
  return check_done();
}
