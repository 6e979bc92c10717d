/* SPDX-License-Identifier: MIT */
#include "tests/support/certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/support/folder.h"

enum { DAY_S = 24 * 60 * 60 };

/* A certificate and its key. */
struct pair {
  X509 *cert;
  EVP_PKEY *key;
};

struct plan {
  const char *name;  /* CN */
  const char *hosts; /* subjectAltName; NULL: an authority */
  long from_s, to_s; /* relative to now */
  const char *usage; /* extendedKeyUsage; NULL: none */
};

static void exit_unless(int ok, const char *what) {
  if (ok)
    return;
  printf("certs: %s failed\n", what);
  exit(1);
}

static EVP_PKEY *make_key(void) {
  EVP_PKEY *key = NULL;
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
  exit_unless(ctx != NULL && EVP_PKEY_keygen_init(ctx) > 0 &&
                  EVP_PKEY_CTX_set_ec_paramgen_curve_nid(
                      ctx, NID_X9_62_prime256v1) > 0 &&
                  EVP_PKEY_keygen(ctx, &key) > 0,
              "key");
  EVP_PKEY_CTX_free(ctx);
  return key;
}

static void add_extension(X509 *cert, int nid, const char *value) {
  X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
  exit_unless(ext != NULL && X509_add_ext(cert, ext, -1), "extension");
  X509_EXTENSION_free(ext);
}

static void set_name(X509 *cert, const char *cn) {
  exit_unless(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
                                         MBSTRING_ASC,
                                         (const unsigned char *)cn, -1, -1, 0),
              "name");
}

/* `issuer` NULL: signed by itself. */
static struct pair make_cert(const struct plan *plan,
                             const struct pair *issuer) {
  static long serial = 1;
  struct pair p = {.cert = X509_new(), .key = make_key()};
  X509_set_version(p.cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(p.cert), serial++);
  X509_gmtime_adj(X509_getm_notBefore(p.cert), plan->from_s);
  X509_gmtime_adj(X509_getm_notAfter(p.cert), plan->to_s);
  X509_set_pubkey(p.cert, p.key);
  set_name(p.cert, plan->name);
  if (plan->hosts != NULL)
    add_extension(p.cert, NID_subject_alt_name, plan->hosts);
  else
    add_extension(p.cert, NID_basic_constraints, "critical,CA:TRUE");
  if (plan->usage != NULL)
    add_extension(p.cert, NID_ext_key_usage, plan->usage);

  const struct pair *by = issuer != NULL ? issuer : &p;
  X509_set_issuer_name(p.cert, X509_get_subject_name(by->cert));
  exit_unless(X509_sign(p.cert, by->key, EVP_sha256()) > 0, "signature");
  return p;
}

static void free_pair(struct pair *p) {
  X509_free(p->cert);
  EVP_PKEY_free(p->key);
}

static FILE *create_file(const char *path) {
  FILE *file = fopen(path, "w");
  exit_unless(file != NULL, path);
  return file;
}

static void write_cert(const char *path, const struct pair *p, int with_key) {
  FILE *file = create_file(path);
  exit_unless(PEM_write_X509(file, p->cert), path);
  if (with_key)
    exit_unless(
        PEM_write_PKCS8PrivateKey(file, p->key, NULL, NULL, 0, NULL, NULL),
        path);
  fclose(file);
}

static void write_key(const char *path, const struct pair *p,
                      const char *passphrase) {
  FILE *file = create_file(path);
  int len = passphrase != NULL ? (int)strlen(passphrase) : 0;
  exit_unless(PEM_write_PKCS8PrivateKey(
                  file, p->key, passphrase != NULL ? EVP_aes_128_cbc() : NULL,
                  passphrase, len, NULL, NULL),
              path);
  fclose(file);
}

static void write_ca_folder(const char *folder, const struct pair *ca) {
  char path[160];
  exit_unless(mkdir(folder, 0700) == 0, folder);
  snprintf(path, sizeof(path), "%s/%08lx.0", folder,
           X509_subject_name_hash(ca->cert));
  write_cert(path, ca, 0);
}

static void name_files(struct certs *c) {
  const struct {
    char *path;
    const char *name;
  } files[] = {{c->ca, "ca.pem"},
               {c->other_ca, "other-ca.pem"},
               {c->ca_folder, "folder"},
               {c->server, "server.pem"},
               {c->expired, "expired.pem"},
               {c->wrong_host, "wrong-host.pem"},
               {c->client, "client.pem"},
               {c->client_key, "client.key"},
               {c->client_key_locked, "locked.key"},
               {c->for_clients, "for-clients.pem"},
               {c->for_servers, "for-servers.pem"},
               {c->missing, "missing.pem"}};
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
    snprintf(files[i].path, sizeof(c->ca), "%s/%s", c->dir, files[i].name);
}

void certs_make(struct certs *c) {
  static const char local[] = "DNS:localhost,IP:127.0.0.1";
  snprintf(c->dir, sizeof(c->dir), "/tmp/gc-certs-XXXXXX");
  exit_unless(mkdtemp(c->dir) != NULL, "mkdtemp");
  name_files(c);

  struct pair ca = make_cert(
      &(struct plan){"test authority", NULL, -DAY_S, DAY_S, NULL}, NULL);
  struct pair other = make_cert(
      &(struct plan){"other authority", NULL, -DAY_S, DAY_S, NULL}, NULL);
  write_cert(c->ca, &ca, 0);
  write_cert(c->other_ca, &other, 0);
  write_ca_folder(c->ca_folder, &ca);

  const struct {
    const char *path;
    struct plan plan;
  } servers[] = {
      {c->server, {"localhost", local, -DAY_S, DAY_S, NULL}},
      {c->expired, {"localhost", local, -2L * DAY_S, -DAY_S, NULL}},
      {c->wrong_host, {"example.com", "DNS:example.com", -DAY_S, DAY_S, NULL}},
      {c->for_clients, {"client", "DNS:client", -DAY_S, DAY_S, "clientAuth"}},
      {c->for_servers, {"other", "DNS:other", -DAY_S, DAY_S, "serverAuth"}},
  };
  for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
    struct pair p = make_cert(&servers[i].plan, &ca);
    write_cert(servers[i].path, &p, 1);
    free_pair(&p);
  }

  struct pair client = make_cert(
      &(struct plan){"client", "DNS:client", -DAY_S, DAY_S, NULL}, &ca);
  write_cert(c->client, &client, 0);
  write_key(c->client_key, &client, NULL);
  write_key(c->client_key_locked, &client, CERTS_PASSPHRASE);
  free_pair(&client);
  free_pair(&other);
  free_pair(&ca);
}

void certs_remove(struct certs *c) {
  if (strncmp(c->dir, "/tmp/gc-certs-", 14) == 0 && !folder_remove(c->dir))
    printf("certs: %s is left behind\n", c->dir);
}
