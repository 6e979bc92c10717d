/* SPDX-License-Identifier: MIT */
#include "tests/support/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned hanging;
static bool is_released;

unsigned resolver_hanging(void) {
  pthread_mutex_lock(&lock);
  unsigned count = hanging;
  pthread_mutex_unlock(&lock);
  return count;
}

void resolver_release(void) {
  pthread_mutex_lock(&lock);
  is_released = true;
  pthread_cond_broadcast(&changed);
  while (hanging > 0)
    pthread_cond_wait(&changed, &lock);
  is_released = false;
  pthread_mutex_unlock(&lock);
}

static void hang_lookup(void) {
  pthread_mutex_lock(&lock);
  hanging++;
  while (!is_released)
    pthread_cond_wait(&changed, &lock);
  hanging--;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

/* One allocation for both, so that freeaddrinfo below is one free. */
struct answer {
  struct addrinfo info;
  struct sockaddr_in at;
};

__attribute__((visibility("default"))) int
getaddrinfo(const char *restrict node, const char *restrict service,
            const struct addrinfo *restrict hints,
            struct addrinfo **restrict ret_info) {
  if (node != NULL && strcmp(node, "nowhere.test") == 0)
    return EAI_NONAME;
  if (node != NULL && strcmp(node, "hang.test") == 0) {
    hang_lookup();
    return EAI_AGAIN;
  }
  struct answer *a = calloc(1, sizeof(*a));
  if (a == NULL)
    return EAI_MEMORY;
  a->at.sin_family = AF_INET;
  a->at.sin_port = htons((uint16_t)(service != NULL ? atoi(service) : 0));
  a->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a->info.ai_family = AF_INET;
  a->info.ai_socktype = hints != NULL ? hints->ai_socktype : SOCK_STREAM;
  a->info.ai_addr = (struct sockaddr *)&a->at;
  a->info.ai_addrlen = sizeof(a->at);
  *ret_info = &a->info;
  return 0;
}

__attribute__((visibility("default"))) void
freeaddrinfo(struct addrinfo *info) {
  free(info);
}
