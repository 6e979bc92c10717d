/* SPDX-License-Identifier: MIT */
#include "common/export/series.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/utf8.h"
#include "common/genesys/parts.h"

/* Types of media of the platform; "all": of a source without media. */
static const char *const media[] = {
    "voice",       "callback", "chat",    "email",           "message", "video",
    "screenshare", "all",      "unknown", "internalmessage", "cobrowse"};

static bool is_medium(const char *text) {
  for (size_t i = 0; i < GC_COUNT(media); i++)
    if (strcmp(text, media[i]) == 0)
      return true;
  return false;
}

static bool is_name_char(char c) {
  return gc_is_letter(c) || gc_is_digit(c) || c == '_';
}

/* Returns room for `len` bytes and a NUL; NULL when there is none. */
static char *take_text(struct gc_export_series *s, size_t len) {
  if (len + 1 > sizeof(s->text) - s->text_len)
    return NULL;
  char *text = s->text + s->text_len;
  s->text_len += len + 1;
  return text;
}

/* Replaces each character that a name may not have by `_`, also a digit at the
 * beginning. */
static const char *add_name(struct gc_export_series *s, const char *name,
                            size_t len) {
  char *text = take_text(s, len);
  if (text == NULL)
    return NULL;
  for (size_t i = 0; i < len; i++)
    text[i] = is_name_char(name[i]) ? name[i] : '_';
  if (gc_is_digit(text[0]))
    text[0] = '_';
  text[len] = '\0';
  return text;
}

static const char *add_value(struct gc_export_series *s, const char *value,
                             size_t len) {
  char copy[GC_PARTS_SIZE];
  char *text = len < sizeof(copy) ? take_text(s, len) : NULL;
  if (text == NULL)
    return NULL;
  memcpy(copy, value, len);
  copy[len] = '\0';
  (void)gc_utf8_copy_printable(text, len + 1, copy, '_');
  return text;
}

const char *gc_export_label(const struct gc_export_series *s,
                            const char *name) {
  for (size_t i = 0; i < s->label_count; i++)
    if (strcmp(s->labels[i].name, name) == 0)
      return s->labels[i].value;
  return NULL;
}

/* Replaces "__" at the beginning by "_": Prometheus reserves such labels, and
 * refuses a whole scrape for a second "__name__". */
static const char *skip_reserved(const char *label) {
  while (label != NULL && label[0] == '_' && label[1] == '_')
    label++;
  return label;
}

/* Adds a label. A name that is taken gets another `_`, since a repeated name
 * breaks a whole scrape. An empty value adds no label. */
static bool add_label(struct gc_export_series *s, const char *name,
                      size_t name_len, const char *value, size_t value_len) {
  char unique[GC_EXPORT_NAME_SIZE];
  if (value_len == 0)
    return true;
  if (s->label_count == GC_EXPORT_LABELS_MAX || name_len == 0)
    return false;
  const char *clean = skip_reserved(add_name(s, name, name_len));
  while (clean != NULL && gc_export_label(s, clean) != NULL) {
    int len = snprintf(unique, sizeof(unique), "%s_", clean);
    clean = len < (int)sizeof(unique) ? add_name(s, unique, (size_t)len) : NULL;
  }
  const char *text = add_value(s, value, value_len);
  if (clean == NULL || text == NULL)
    return false;
  s->labels[s->label_count++] = (struct gc_export_label){clean, text};
  return true;
}

static bool add_text(struct gc_export_series *s, const char *name,
                     const char *value) {
  return add_label(s, name, strlen(name), value, strlen(value));
}

/* ---- values of plugin "genesys" ---- */

/* Adds the bound as OpenMetrics writes it, a float: "5" is "5.0". */
static bool add_bound(struct gc_export_series *s, const char *bound,
                      size_t len) {
  char text[40];
  if (memchr(bound, '.', len) != NULL || memchr(bound, 'e', len) != NULL ||
      memchr(bound, 'I', len) != NULL || len >= sizeof(text) - 2)
    return add_label(s, "le", 2, bound, len);
  int size = snprintf(text, sizeof(text), "%.*s.0", (int)len, bound);
  return add_label(s, "le", 2, text, (size_t)size);
}

/* Adds the label of one word of the pattern. */
static bool add_word(struct gc_export_series *s, const char *name,
                     size_t name_len, const char *text, size_t len) {
  if (name_len == 2 && memcmp(name, "le", 2) == 0)
    return add_bound(s, text, len);
  if (name_len == 5 && memcmp(name, "group", 5) == 0 && is_medium(text))
    return add_text(s, "media_type", text);
  return add_label(s, name, name_len, text, len);
}

/* True if `text` has a place for each word of the pattern, except an optional
 * last "group", and the words in '…' are there. */
static bool fits_pattern(const char *pattern, const char *text) {
  while (pattern[0] != '\0') {
    size_t word = strcspn(pattern, "-"), len = strcspn(text, "-");
    bool is_last = pattern[word] == '\0';
    if (len == 0 && !is_last)
      return false;
    if (pattern[0] == '\'' &&
        (len != word - 2 || memcmp(pattern + 1, text, len) != 0))
      return false;
    if (is_last)
      return text[0] != '\0';
    pattern += word + 1;
    if (text[len] == '\0')
      return strcmp(pattern, "group") == 0;
    text += len + 1;
  }
  return false;
}

static bool add_pattern(struct gc_export_series *s, const char *pattern,
                        const char *text) {
  if (text[0] == '\0')
    return true;
  if (!fits_pattern(pattern, text))
    return add_text(s, "group", text);
  while (*pattern != '\0' && *text != '\0') {
    size_t word = strcspn(pattern, "-");
    bool is_last = pattern[word] == '\0';
    size_t len = is_last ? strlen(text) : strcspn(text, "-");
    if (pattern[0] != '\'' && !add_word(s, pattern, word, text, len))
      return false;
    pattern += word + !is_last;
    text += len + (text[len] == '-');
  }
  return true;
}

enum { OWNER_ACCOUNT = 3, OWNER_BLOCK };

/* The labels of a plugin instance, by the beginning of the metric's owner. */
static const struct owner {
  const char *owner, *label, *id_label;
  const char *prefix; /* of the plugin instance; is left out */
} owners[] = {
    {"queue", "queue_name", "queue_id", ""},
    {"user", "user_name", "user_id", ""},
    {"flow", "flow_name", "flow_id", ""},
    [OWNER_ACCOUNT] = {"account", "account", NULL, "account-"},
    [OWNER_BLOCK] = {"block", "block", NULL, ""},
};

/* Returns the row for a metric's owner. Accounts have some metrics of blocks
 * too, such as state_up, and the exposition has one of accounts, the lifetime
 * of its certificate; no block has a name that begins like those of accounts.
 */
static const struct owner *owner_of(enum gc_metric_id id,
                                    const char *instance) {
  const char *owner = gc_metric(id)->owner;
  size_t i = 0;
  while (i + 1 < GC_COUNT(owners) &&
         strncmp(owner, owners[i].owner, strlen(owners[i].owner)) != 0)
    i++;
  const char *prefix = owners[OWNER_ACCOUNT].prefix;
  if (i >= OWNER_ACCOUNT)
    i = strncmp(instance, prefix, strlen(prefix)) == 0 ? OWNER_ACCOUNT
                                                       : OWNER_BLOCK;
  return &owners[i];
}

static bool add_part_named(struct gc_export_series *s, const char *parts,
                           const char *name) {
  struct gc_part part;
  size_t len = name != NULL ? strlen(name) : 0;
  for (const char *at = parts; len > 0 && gc_parts_next(&at, &part);)
    if (part.name_len == len && memcmp(part.name, name, len) == 0)
      return add_label(s, name, len, part.value, part.value_len);
  return true;
}

static bool is_named(const struct gc_part *part, const char *name) {
  return name != NULL && strlen(name) == part->name_len &&
         memcmp(part->name, name, part->name_len) == 0;
}

static bool add_other_parts(struct gc_export_series *s, const char *parts,
                            const struct owner *owner) {
  struct gc_part part;
  for (const char *at = parts; gc_parts_next(&at, &part);)
    if (!is_named(&part, owner->label) && !is_named(&part, owner->id_label) &&
        !is_named(&part, GC_PART_GUIDE) &&
        !add_label(s, part.name, part.name_len, part.value, part.value_len))
      return false;
  return true;
}

static bool add_owner(struct gc_export_series *s,
                      const struct gc_export_identity *id,
                      const struct owner *owner) {
  const char *instance = id->plugin_instance;
  size_t prefix = strlen(owner->prefix);
  if (gc_parts_have(id->parts, owner->label))
    return add_part_named(s, id->parts, owner->label);
  if (gc_parts_have(id->parts, "block"))
    return true; /* of a query without such an owner */
  if (strncmp(instance, owner->prefix, prefix) == 0)
    instance += prefix;
  return add_text(s, owner->label, instance);
}

/* True if the parts have all labels of the pattern: they have all or none. */
static bool has_all_parts(const char *parts, const char *pattern) {
  char first[64];
  snprintf(first, sizeof(first), "%.*s", (int)strcspn(pattern, "-"), pattern);
  return gc_parts_have(parts, first);
}

static bool add_our_labels(struct gc_export_series *s,
                           const struct gc_export_identity *id,
                           const struct gc_export_rule *rule) {
  const struct owner *owner = owner_of(s->metric, id->plugin_instance);
  if (!add_part_named(s, id->parts, owner->id_label) ||
      !add_owner(s, id, owner) || !add_other_parts(s, id->parts, owner))
    return false;
  if (!has_all_parts(id->parts, rule->pattern) &&
      !add_pattern(s, rule->pattern, id->type_instance))
    return false;
  return add_text(s, "host", id->host);
}

static const char *const member_fields[] = {
    [GC_EXPORT_VALUE] = "value",
    [GC_EXPORT_BUCKET] = "bucket",
    [GC_EXPORT_SUM] = "sum",
    [GC_EXPORT_COUNT] = "count",
};

static bool make_ours(const struct gc_export_identity *id,
                      struct gc_export_series *s) {
  const struct gc_export_rule *rule = gc_export_rule(s->metric);
  const char *unit_sep = rule->unit[0] != '\0' ? "_" : "";
  s->kind = rule->kind;
  s->member = rule->member;
  s->unit = rule->unit;
  s->help = rule->help != NULL ? rule->help : gc_metric(s->metric)->meaning;
  s->is_guide = gc_parts_have(id->parts, GC_PART_GUIDE);
  s->field = id->is_only_source ? member_fields[rule->member]
                                : add_name(s, id->source, strlen(id->source));
  if (s->field == NULL)
    return false;
  snprintf(s->family, sizeof(s->family), "%s%s%s%s%s", rule->name,
           id->is_only_source ? "" : "_", id->is_only_source ? "" : s->field,
           unit_sep, rule->unit);
  snprintf(s->measurement, sizeof(s->measurement), "%s%s%s", rule->name,
           unit_sep, rule->unit);
  return add_our_labels(s, id, rule);
}

/* ---- values of other plugins ---- */

static bool append_name(char *name, const char *part) {
  size_t len = strlen(name);
  int size = snprintf(name + len, GC_EXPORT_NAME_SIZE - len, "_%s", part);
  if (size < 0 || (size_t)size >= GC_EXPORT_NAME_SIZE - len)
    return false;
  for (char *c = name + len; *c != '\0'; c++)
    if (!is_name_char(*c))
      *c = '_';
  return true;
}

static bool make_other(const struct gc_export_identity *id,
                       struct gc_export_series *s) {
  bool is_value = strcmp(id->source, "value") == 0;
  s->kind = id->is_counter ? GC_EXPORT_COUNTER : GC_EXPORT_GAUGE;
  s->member = GC_EXPORT_VALUE;
  s->is_guide = false;
  s->unit = s->help = "";
  snprintf(s->measurement, sizeof(s->measurement), "collectd");
  if (!append_name(s->measurement, id->plugin) ||
      (strcmp(id->plugin, id->type) != 0 &&
       !append_name(s->measurement, id->type)))
    return false;
  memcpy(s->family, s->measurement, sizeof(s->family));
  s->field = add_name(s, id->source, strlen(id->source));
  if (s->field == NULL || (!is_value && !append_name(s->family, id->source)))
    return false;
  return add_text(s, id->plugin, id->plugin_instance) &&
         add_text(s, id->plugin_instance[0] != '\0' ? "type" : id->plugin,
                  id->type_instance) &&
         add_text(s, "host", id->host);
}

bool gc_export_series_make(const struct gc_export_identity *id,
                           struct gc_export_series *s) {
  s->label_count = s->text_len = 0;
  s->metric = strcmp(id->plugin, "genesys") == 0 ? gc_export_metric_of(id->type)
                                                 : GC_METRIC_COUNT;
  return s->metric != GC_METRIC_COUNT ? make_ours(id, s) : make_other(id, s);
}
