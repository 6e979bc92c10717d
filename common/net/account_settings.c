/* SPDX-License-Identifier: MIT */
#include "common/net/account_settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/genesys/clean_name.h"

static void free_secret(char *secret) {
  if (secret != NULL)
    explicit_bzero(secret, strlen(secret));
  free(secret);
}

void gc_account_settings_clear(struct gc_account_settings *s) {
  free(s->name);
  free(s->region);
  free(s->base_url);
  free(s->token_url);
  free(s->client_id);
  free_secret(s->secret_literal);
  free(s->secret_file);
  free(s->secret_env);
  free(s->secret_credential);
  free(s->scope);
  free(s->host);
  free(s->lease_url);
  free(s->lease_user);
  free(s->lease_password_file);
  free(s->connect.ca_cert);
  free(s->connect.client_cert);
  free(s->connect.client_key);
  free_secret(s->connect.client_key_pass);
  free_secret(s->connect.proxy);
  free(s->connect.no_proxy);
  *s = (struct gc_account_settings){0};
}

bool gc_account_same_host(const char *a, const char *b) {
  char x[GC_NAME_SIZE], y[GC_NAME_SIZE];
  gc_name_fold(x, a);
  gc_name_fold(y, b);
  return strcmp(x, y) == 0;
}

static struct gc_secret secret_of(const struct gc_account_settings *s) {
  return (struct gc_secret){.literal = s->secret_literal,
                            .file = s->secret_file,
                            .env = s->secret_env,
                            .credential = s->secret_credential};
}

struct gc_auth_settings
gc_account_settings_auth(const struct gc_account_settings *s) {
  return (struct gc_auth_settings){.url = s->token_url,
                                   .client_id = s->client_id,
                                   .secret = secret_of(s),
                                   .in_body = s->token_in_body,
                                   .scope = s->scope,
                                   .margin_s = s->token_margin_s,
                                   .host_hint = s->region};
}

size_t gc_account_settings_secrets(const struct gc_account_settings *s,
                                   struct gc_secret out[GC_SECRETS_MAX]) {
  const struct gc_connect *c = &s->connect;
  out[0] = secret_of(s);
  out[1] = (struct gc_secret){.file = s->lease_password_file,
                              .what = "LeasePasswordFile"};
  out[2] = (struct gc_secret){.file = c->client_key != NULL ? c->client_key
                                                            : c->client_cert,
                              .what = "the key of the client certificate"};
  return 3;
}
