/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/options.h"

#include <string.h>

#include "common/base/glob.h"

enum { MEBIBYTE = 1024 * 1024 };

const struct gc_opt node_rows[] = {
    GC_OPT_STR(struct node_options, url, "URL", "http://127.0.0.1:8086", 0,
               "Address of the database, perhaps with a path. Plain `http://` "
               "to another host gives a warning.",
               "https://influx.example.com:8086"),
    GC_OPT_INT(struct node_options, version, "Version", "2", 1, 2, "",
               "`2`: `/api/v2/write` with a token (InfluxDB 2 and 3, "
               "VictoriaMetrics); `1`: `/write` (InfluxDB 1).",
               "1"),
    GC_OPT_STR(struct node_options, organization, "Organization", NULL, 0,
               "Version 2: name of the organization. InfluxDB 2 needs it.",
               "ops"),
    GC_OPT_STR(struct node_options, bucket, "Bucket", NULL, 0,
               "Version 2, where it is required: name of the bucket.",
               "genesys"),
    GC_OPT_STR(struct node_options, token_file, "TokenFile", NULL, 0,
               "Version 2: file that holds the token, without the white space "
               "around it; a changed file counts with the first batch after "
               "10 s, after a refusal within 30 s.",
               "/etc/collectd/influx.token"),
    GC_OPT_STR(struct node_options, database, "Database", NULL, 0,
               "Version 1, where it is required: name of the database.",
               "genesys"),
    GC_OPT_STR(struct node_options, user, "User", NULL, 0,
               "Version 1: name of the user; default: none.", "collectd"),
    GC_OPT_STR(struct node_options, password_file, "PasswordFile", NULL, 0,
               "Version 1: file that holds the user's password; as TokenFile.",
               "/etc/collectd/influx.password"),
    GC_OPT_STR(struct node_options, password, "Password", NULL, GC_OPT_SECRET,
               "Version 1: the password itself. Every user who can read "
               "collectd.conf can read it: prefer PasswordFile.",
               "the user's password"),
    GC_OPT_INT(struct node_options, batch_size, "BatchSize", "500", 1, 10000,
               "lines", "Lines of one request.", "5000"),
    GC_OPT_INT(struct node_options, flush_interval_s, "FlushInterval", "30", 1,
               3600, "s",
               "Longest time that a line waits for BatchSize others.", "10"),
    GC_OPT_STR(struct node_options, spool_dir, "SpoolDir", NULL, 0,
               "Folder of the spool, for this node alone; created with mode "
               "0700 if missing. Default: BaseDir/genesys_influxdb-NAME. A "
               "local disk.",
               "/var/spool/collectd/influx"),
    GC_OPT_INT(struct node_options, spool_max, "SpoolMax", "1073741824",
               MEBIBYTE, 4294967295.0, "bytes",
               "Most bytes of lines that wait; past it the oldest are dropped "
               "and counted.",
               "268435456"),
    GC_OPT_STRS(struct node_options, tags, "Tag",
                "Key and value of a tag for every line. May be repeated; a "
                "tag that the value has itself stays.",
                "env\" \"prod"),
    GC_OPT_STRS(struct node_options, plugins, "Plugin",
                "Globs of plugins whose values are written; a leading `!` "
                "excludes. The first match decides; default: `genesys`. `*`: "
                "all values of this collectd. May be repeated.",
                "genesys"),
    GC_OPT_INT(struct node_options, timeout_s, "Timeout", "10", 1, 600, "s",
               "Longest time for a whole request.", "30"),
    GC_OPT_INT(struct node_options, connect_timeout_s, "ConnectTimeout", "5", 1,
               600, "s",
               "Longest time for name look-up, connection, proxy and TLS "
               "handshake together.",
               "3"),
    GC_OPT_BOOL(struct node_options, connect.verify_peer, "VerifyPeer", "true",
                "Verify the server's certificate.", "true"),
    GC_OPT_BOOL(struct node_options, connect.verify_host, "VerifyHost", "true",
                "Verify that the certificate is for this host.", "true"),
    GC_OPT_STR(struct node_options, connect.ca_cert, "CACert", NULL, 0,
               "File or folder of trusted certificates; default: the "
               "system's. A replaced file counts with the next connection.",
               "/etc/ssl/certs/company-ca.pem"),
    GC_OPT_STR(struct node_options, connect.client_cert, "ClientCert", NULL, 0,
               "PEM file of a client certificate.", "/etc/collectd/client.pem"),
    GC_OPT_STR(struct node_options, connect.client_key, "ClientKey", NULL, 0,
               "PEM file of its key; default: in ClientCert.",
               "/etc/collectd/client.key"),
    GC_OPT_STR(struct node_options, connect.client_key_pass, "ClientKeyPass",
               NULL, GC_OPT_SECRET, "Passphrase of that key.",
               "the words of the key"),
    GC_OPT_STR(struct node_options, connect.proxy, "Proxy", NULL, GC_OPT_SECRET,
               "Proxy for this node, `http://user:password@host:port` or "
               "`https://…`; `none`: no proxy; default: that of the "
               "environment.",
               "http://proxy.example.com:3128"),
    GC_OPT_STR(struct node_options, connect.no_proxy, "NoProxy", NULL, 0,
               "Hosts and domains that are reached without the proxy, "
               "separated by commas; `*`: all. Default: no_proxy of the "
               "environment.",
               "localhost,.example.com"),
    GC_OPT_END,
};

/* Refuses options of the other version, which would have no effect. */
static enum gc_code check_version(const struct node_options *o,
                                  struct gc_err *err) {
  struct {
    const char *option;
    const char *value;
    uint32_t version;
  } rows[] = {{"Organization", o->organization, 2},
              {"Bucket", o->bucket, 2},
              {"TokenFile", o->token_file, 2},
              {"Database", o->database, 1},
              {"User", o->user, 1},
              {"PasswordFile", o->password_file, 1},
              {"Password", o->password, 1}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    if (rows[i].value != NULL && rows[i].version != o->version)
      return gc_fail(err, GC_ERR_CONFIG, "%s is for Version %u only",
                     rows[i].option, (unsigned)rows[i].version);
  if (o->version == 2 && o->bucket == NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Bucket is missing (or Version 1 with a Database)");
  if (o->version == 1 && o->database == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "Database is missing");
  if (o->password != NULL && o->password_file != NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "give only one of Password, PasswordFile");
  if ((o->password != NULL || o->password_file != NULL) && o->user == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "a password needs a User");
  return GC_OK;
}

/* Refuses keys of tags that the lines themselves have: databases refuse a line
 * with two tags of one key. */
static enum gc_code check_tags(const struct gc_strs *tags, struct gc_err *err) {
  static const char *const ours[] = {"host",     "plugin",        "instance",
                                     "type",     "type_instance", "queueId",
                                     "queue_id", "queue_name"};
  if (tags->count % 2 != 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Tag \"%.60s\": needs a key and a value: Tag \"env\" "
                   "\"prod\"",
                   tags->at[tags->count - 1]);
  for (size_t i = 0; i < tags->count; i += 2) {
    const char *key = tags->at[i];
    if (key[0] == '\0' || key[0] == '_' || tags->at[i + 1][0] == '\0')
      return gc_fail(err, GC_ERR_CONFIG,
                     "Tag \"%.60s\": neither key nor value may be empty, and "
                     "no key begins with \"_\"",
                     key);
    for (size_t k = 0; k < GC_COUNT(ours); k++)
      if (strcmp(key, ours[k]) == 0)
        return gc_fail(err, GC_ERR_CONFIG,
                       "Tag \"%s\": every value has this tag already", key);
    for (size_t k = 0; k < i; k += 2)
      if (strcmp(key, tags->at[k]) == 0)
        return gc_fail(err, GC_ERR_CONFIG, "Tag \"%.60s\" is given twice", key);
  }
  return GC_OK;
}

/* A line of collectd's values has some 200 bytes. */
enum { LINE_BYTES = 200 };

static void warn_about(const struct node_options *o, bool is_open,
                       void (*warn)(void *ctx, const struct gc_err *warning),
                       void *ctx) {
  struct gc_err warning;
  const struct {
    bool holds;
    const char *text;
  } rows[] = {
      {is_open, "URL is plain http to another host: anyone on the way can "
                "read the token and the data; use https"},
      {!o->connect.verify_peer,
       "VerifyPeer false: anyone between this host and the database can read "
       "the token and the data; name the authority in CACert instead"},
      {o->connect.verify_peer && !o->connect.verify_host,
       "VerifyHost false: the owner of any certificate of a trusted authority "
       "can read the token and the data; set VerifyHost true, or name the "
       "authority of this database alone in CACert"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    if (rows[i].holds) {
      (void)gc_fail(&warning, GC_ERR_TLS, "%s", rows[i].text);
      warn(ctx, &warning);
    }
  if (gc_options_warn_timeouts(o->timeout_s, o->connect_timeout_s, &warning))
    warn(ctx, &warning);
  if (2 * (uint64_t)o->batch_size * LINE_BYTES > o->spool_max) {
    (void)gc_fail(&warning, GC_ERR_CONFIG,
                  "SpoolMax %u holds about %u lines, fewer than two batches of "
                  "BatchSize %u: raise SpoolMax or lower BatchSize",
                  (unsigned)o->spool_max, (unsigned)o->spool_max / LINE_BYTES,
                  (unsigned)o->batch_size);
    warn(ctx, &warning);
  }
}

enum gc_code node_check(struct node_options *o,
                        void (*warn)(void *ctx, const struct gc_err *warning),
                        void *ctx, struct gc_err *err) {
  bool is_open = false;
  if (o->url == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "URL is empty");
  GC_TRY(gc_url_check_any("URL", o->url, o->checked_url, &is_open, err));
  GC_TRY(check_version(o, err));
  GC_TRY(check_tags(&o->tags, err));
  for (size_t i = 0; i < o->plugins.count; i++)
    GC_TRY(gc_glob_check(o->plugins.at[i], err));
  if (o->connect.client_key != NULL && o->connect.client_cert == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "ClientKey needs a ClientCert");
  warn_about(o, is_open, warn, ctx);
  return GC_OK;
}

void node_settings(const struct node_options *o,
                   struct influx_node_settings *ret) {
  ret->target =
      (struct influx_target){.url = o->checked_url,
                             .version = o->version == 1 ? INFLUX_V1 : INFLUX_V2,
                             .organization = o->organization,
                             .bucket = o->bucket,
                             .database = o->database,
                             .user = o->user};
  ret->connect = o->connect;
  ret->connect.address_option = "URL";
  ret->connect.timeout_ms = o->timeout_s * 1000;
  ret->connect.connect_timeout_ms = o->connect_timeout_s * 1000;
  ret->password = o->password;
  ret->secret_file = o->version == 1 ? o->password_file : o->token_file;
  ret->secret_option = o->version == 1 ? "PasswordFile" : "TokenFile";
  ret->spool_max = o->spool_max;
  ret->batch_size = o->batch_size;
  ret->flush_interval_ms = o->flush_interval_s * 1000;
  ret->tags = &o->tags;
}
