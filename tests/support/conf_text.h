/* SPDX-License-Identifier: MIT */
/* Parses collectd.conf text to the tree that collectd passes to a plugin, so
 * that a test of options reads like a configuration. Follows collectd's
 * scanner.l and parser.y where it matters to a plugin: unquoted 8080 is a
 * number, true and on are booleans (lower case only), other unquoted words and
 * IPv4 addresses are strings, keys are letters, digits and "_", "\" and a line
 * end continue a line, and a block without a name and without an option is
 * dropped. */
#ifndef GC_TESTS_SUPPORT_CONF_TEXT_H
#define GC_TESTS_SUPPORT_CONF_TEXT_H

#include "collectd.h"
#include "configfile.h"

/* Returns the root; its children are the statements. NULL (and a line on
 * stderr) for a syntax error. conf_free accepts NULL. */
oconfig_item_t *conf_parse(const char *text);
void conf_free(oconfig_item_t *root);

#endif
