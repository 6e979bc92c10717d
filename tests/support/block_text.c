/* SPDX-License-Identifier: MIT */
#include "tests/support/block_text.h"

#include <stdio.h>

#include "tests/support/conf_text.h"

const char *block_text(const char *plugin, const struct gc_block_kind *kinds,
                       const char *name, const char *lines) {
  static struct gc_err err;
  struct gc_config_seen seen = {.begun = false};
  const struct gc_config config = {
      .plugin = plugin, .blocks = kinds, .seen = &seen};
  char text[4096];
  err = (struct gc_err){.code = GC_OK};
  snprintf(text, sizeof(text),
           "<Plugin %s>\n<%s \"%s\">\n%s\n</%s>\n</Plugin>\n", plugin,
           kinds->key, name, lines, kinds->key);
  oconfig_item_t *root = conf_parse(text);
  if (root == NULL)
    return "no configuration";
  enum gc_code code = gc_config_read(&config, &root->children[0], &err);
  conf_free(root);
  gc_config_seen_clear(&seen);
  return code == GC_OK ? "" : err.text;
}
