/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_daemon_internal.h"

#include "utils/common/common.h"

struct option {
  char *key, *value;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char **lines;
static size_t lines_len;
static struct option *options;
static size_t options_len;
static cdtime_t fake_now, fake_interval = TIME_T_TO_CDTIME_T_STATIC(10);
static char hostname[DATA_MAX_NAME_LEN] = "host.example";

char *hostname_g = hostname;
cdtime_t interval_g = TIME_T_TO_CDTIME_T_STATIC(10);
int timeout_g = 2, pidfile_from_cli = 0;

void *fake_grow(void *array, size_t len, size_t size) {
  void *more = realloc(array, (len + 1) * size);
  if (more == NULL)
    abort();
  return more;
}

static void log_text(int level, const char *text) {
  static const char *const names[] = {"EMERG",   "ALERT",  "CRIT", "ERROR",
                                      "WARNING", "NOTICE", "INFO", "DEBUG"};
  size_t size = strlen(text) + 16;
  char *line = malloc(size);
  snprintf(line, size, "%s %s", names[level & 7], text);
  pthread_mutex_lock(&lock);
  lines = fake_grow(lines, lines_len, sizeof(*lines));
  lines[lines_len++] = line;
  pthread_mutex_unlock(&lock);
  if (getenv("FAKE_DAEMON_LOG") != NULL)
    fprintf(stderr, "%s\n", line);
}

/* The daemon's own buffer has 1,024 bytes. */
#define LOG_FUNCTION(name)                                                     \
  void name(int level, const char *format, ...) {                              \
    char text[1024];                                                           \
    va_list args;                                                              \
    va_start(args, format);                                                    \
    vsnprintf(text, sizeof(text), format, args);                               \
    va_end(args);                                                              \
    log_text(level, text);                                                     \
  }
LOG_FUNCTION(plugin_log)
LOG_FUNCTION(daemon_log)

size_t fake_log_count(void) {
  pthread_mutex_lock(&lock);
  size_t count = lines_len;
  pthread_mutex_unlock(&lock);
  return count;
}

const char *fake_log(size_t i) {
  pthread_mutex_lock(&lock);
  const char *text = i < lines_len ? lines[i] : "";
  pthread_mutex_unlock(&lock);
  return text;
}

bool fake_log_has(const char *part) {
  for (size_t i = 0; i < fake_log_count(); i++)
    if (strstr(fake_log(i), part) != NULL)
      return true;
  return false;
}

void fake_log_clear(void) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < lines_len; i++)
    free(lines[i]);
  free(lines);
  lines = NULL;
  lines_len = 0;
  pthread_mutex_unlock(&lock);
}

void fake_time_set(cdtime_t now) {
  pthread_mutex_lock(&lock);
  fake_now = now;
  pthread_mutex_unlock(&lock);
}

cdtime_t cdtime(void) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  pthread_mutex_lock(&lock);
  cdtime_t now = fake_now != 0 ? fake_now : TIMESPEC_TO_CDTIME_T(&ts);
  pthread_mutex_unlock(&lock);
  return now;
}

static char *fake_plugin; /* borrowed */
void fake_plugin_set(char *name) { fake_plugin = name; }
void fake_interval_set(cdtime_t interval) { fake_interval = interval; }
cdtime_t plugin_get_interval(void) { return fake_interval; }
cdtime_t cf_get_default_interval(void) { return interval_g; }
void plugin_init_ctx(void) {}
plugin_ctx_t plugin_get_ctx(void) {
  return (plugin_ctx_t){.name = fake_plugin, .interval = fake_interval};
}
plugin_ctx_t plugin_set_ctx(plugin_ctx_t ctx) {
  plugin_ctx_t old = plugin_get_ctx();
  fake_interval = ctx.interval;
  return old;
}

int plugin_thread_create(pthread_t *thread, void *(*start)(void *), void *arg,
                         __attribute__((unused)) char const *name) {
  return pthread_create(thread, NULL, start, arg);
}

void fake_hostname_set(const char *name) {
  sstrncpy(hostname, name, sizeof(hostname));
}
void hostname_set(char const *name) { fake_hostname_set(name); }

void fake_global_option_set(const char *key, const char *value) {
  size_t i = 0;
  while (i < options_len && strcasecmp(options[i].key, key) != 0)
    i++;
  if (i < options_len) {
    free(options[i].key);
    free(options[i].value);
    options[i] = options[--options_len];
  }
  if (value == NULL)
    return;
  options = fake_grow(options, options_len, sizeof(*options));
  options[options_len++] = (struct option){strdup(key), strdup(value)};
}

const char *global_option_get(const char *key) {
  for (size_t i = 0; i < options_len; i++)
    if (strcasecmp(options[i].key, key) == 0)
      return options[i].value;
  return NULL;
}

char *sstrncpy(char *dest, const char *src, size_t n) {
  size_t len = strnlen(src, n - 1);
  memmove(dest, src, len);
  dest[len] = '\0';
  return dest;
}

/* "/" becomes "root", a leading slash is removed, and others become "_". */
int escape_slashes(char *text, __attribute__((unused)) size_t size) {
  if (strcmp(text, "/") == 0)
    sstrncpy(text, "root", size);
  else if (text[0] == '/')
    memmove(text, text + 1, strlen(text));
  for (char *slash; (slash = strchr(text, '/')) != NULL;)
    *slash = '_';
  return 0;
}

void fake_world_reset(void) {
  fake_log_clear();
  while (options_len > 0)
    fake_global_option_set(options[0].key, NULL);
  free(options);
  options = NULL;
  fake_now = 0;
  fake_interval = interval_g;
  fake_hostname_set("host.example");
}

static const char *loaded;

void fake_load(const char *plugin) { loaded = plugin; }

bool plugin_is_loaded(char const *name) {
  return loaded != NULL && strcmp(loaded, name) == 0;
}
