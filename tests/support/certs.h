/* SPDX-License-Identifier: MIT */
/* Certificates made for one test program, in a folder of their own. */
#ifndef GC_TESTS_SUPPORT_CERTS_H
#define GC_TESTS_SUPPORT_CERTS_H

#define CERTS_PASSPHRASE "k3y-pass-phrase"

struct certs {
  char dir[64];
  /* PEM files. A server's file holds its certificate and its key. */
  char ca[96], other_ca[96];
  char ca_folder[96]; /* holds `ca` under its hash, for CURLOPT_CAPATH */
  char server[96];    /* for localhost and 127.0.0.1 */
  char expired[96], wrong_host[96];
  char client[96], client_key[96], client_key_locked[96];
  /* With an extended key usage, and with the key in the file. */
  char for_clients[96], for_servers[96];
  char missing[96]; /* no such file */
};

/* Ends the program on failure. */
void certs_make(struct certs *c);
void certs_remove(struct certs *c);

#endif
