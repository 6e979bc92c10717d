/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/options.h"

#include <string.h>

#include "common/base/glob.h"
#include "common/daemon/listen_options.h"

const struct gc_opt prometheus_rows[] = {
    GC_OPT_STR(struct prometheus_options, endpoint.at.listen, "Listen",
               "127.0.0.1", 0,
               "Address or host name to listen on; `0.0.0.0` or `::` for all. "
               "An address that is in use or not there yet is tried again each "
               "second.",
               "0.0.0.0"),
    GC_OPT_INT(struct prometheus_options, endpoint.at.port, "Port", "9104", 1,
               65535, "", "TCP port.", "9104"),
    GC_OPT_STR(struct prometheus_options, endpoint.path, "Path", "/metrics", 0,
               "Path of the exposition; every other path is answered 404.",
               "/metrics"),
    GC_OPT_STR(struct prometheus_options, endpoint.at.tls_cert, "TLSCert", NULL,
               0,
               "PEM file with the certificate and its chain: HTTPS, TLS 1.2 or "
               "later. A changed file counts without a restart.",
               "/etc/collectd/metrics.crt"),
    GC_OPT_STR(struct prometheus_options, endpoint.at.tls_key, "TLSKey", NULL,
               0,
               "PEM file with the key of `TLSCert`; default: `TLSCert` holds "
               "it, too.",
               "/etc/collectd/metrics.key"),
    GC_OPT_STR(struct prometheus_options, endpoint.at.tls_client_ca,
               "TLSClientCA", NULL, 0,
               "PEM file: only clients with a certificate of this authority "
               "are answered.",
               "/etc/collectd/scrapers-ca.crt"),
    GC_OPT_STR(struct prometheus_options, endpoint.user, "User", NULL, 0,
               "User of basic authentication, with `PasswordFile`.",
               "prometheus"),
    GC_OPT_STR(struct prometheus_options, endpoint.password_file,
               "PasswordFile", NULL, 0,
               "File with the password; read at each scrape.",
               "/etc/collectd/metrics.password"),
    GC_OPT_STR(struct prometheus_options, endpoint.bearer_file,
               "BearerTokenFile", NULL, 0,
               "File with a token that is accepted as `Authorization: Bearer`; "
               "read at each scrape. With `User`, too, either is accepted.",
               "/etc/collectd/metrics.token"),
    GC_OPT_STRS(struct prometheus_options, plugins, "Plugin",
                "Globs of the plugins of collectd whose values are shown; a "
                "leading `!` excludes. The default is `genesys`, the values of "
                "this suite; `*` is everything the agent collects. May be "
                "repeated.",
                "cpu"),
    GC_OPT_BOOL(
        struct prometheus_options, endpoint.wait_alias, "QueueWaitAlias",
        "false",
        "Shows the histogram `genesys_queue_wait_time_seconds` a second "
        "time as `genesys_queue_wait_seconds`, the name in dashboards "
        "that people publish. Its series are then shown twice.",
        "true"),
    GC_OPT_INT(
        struct prometheus_options, staleness_s, "Staleness", "300", 1, 86400,
        "s",
        "A series that was not written for this time is no longer shown; "
        "one with a longer interval stays for two intervals. Series of "
        "intervals and windows stay for two of them in any case.",
        "120"),
    GC_OPT_INT(struct prometheus_options, series_max, "MaxSeries", "500000", 1,
               10000000, "series", "Further series are left out and counted.",
               "100000"),
    GC_OPT_END,
};

enum gc_code prometheus_check(const struct prometheus_options *o,
                              struct gc_err *err) {
  const struct endpoint_options *e = &o->endpoint;
  GC_TRY(gc_listen_check(&e->at, err));
  if (e->path == NULL || e->path[0] != '/')
    return gc_fail(err, GC_ERR_CONFIG, "Path \"%s\": must begin with \"/\"",
                   e->path != NULL ? e->path : "");
  if ((e->user == NULL) != (e->password_file == NULL))
    return gc_fail(err, GC_ERR_CONFIG, "User and PasswordFile belong together");
  if (e->user != NULL && strchr(e->user, ':') != NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "User \"%s\": basic authentication allows no \":\"",
                   e->user);
  for (size_t i = 0; i < o->plugins.count; i++) {
    struct gc_err why = {.code = GC_OK};
    if (gc_glob_check(o->plugins.at[i], &why) != GC_OK)
      return gc_fail(err, GC_ERR_CONFIG, "Plugin: %s", why.text);
  }
  return GC_OK;
}
