/* A new setting is one struct member, one row here, one line in proxy.conf, and an entry in popgate.conf(5). */
#include <string.h>

#include "proxy/config/config_table.h"
#include "proxy/log.h"

#define MILLISECOND ((int64_t)1)
#define MINUTE ((int64_t)60 * 1000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const char *const listener_tls[]     = {"none", "stls", "stls-required", "implicit", NULL};
static const char *const upstream_tls[]     = {"none", "stls", "implicit", NULL};
static const char *const commands_words[]   = {"strict", "pass", NULL};
static const char *const bare_lf_words[]    = {"crlf", "pass", NULL};
static const char *const pipelining_words[] = {"auto", "off", NULL};
static const char *const line_end_words[]   = {"crlf", "lf", NULL};
static const char *const on_failure_words[] = {"pass", "refuse", NULL};

#define MEMBER(name) .key = #name, .offset = offsetof(struct config, name)
static const struct setting main_settings[] = {
    {MEMBER(workers), .type = SETTING_NUMBER, .fallback = "0", .most = 1024},
    {MEMBER(user), .type = SETTING_STRING, .fallback = "popgate"},
    {MEMBER(audit_user), .type = SETTING_STRING},
    {MEMBER(shutdown_timeout), .type = SETTING_DURATION, .fallback = "30s", .most = DAY},
    {MEMBER(drain_timeout), .type = SETTING_DURATION, .fallback = "0s", .most = 30 * DAY},
    {MEMBER(log), .type = SETTING_STRING, .fallback = "stderr"},
    {MEMBER(log_level), .type = SETTING_CHOICE, .fallback = "info", .choices = log_level_names},
    {MEMBER(spool_dir), .type = SETTING_PATH, .fallback = "/var/spool/popgate"},
    {MEMBER(max_sessions), .type = SETTING_NUMBER, .fallback = "0", .most = 10000000},
    {MEMBER(max_handshakes), .type = SETTING_NUMBER, .fallback = "2000", .most = 10000000},
    {MEMBER(hold_memory), .type = SETTING_SIZE, .fallback = "64M"},
    {MEMBER(verdict_cache), .type = SETTING_SIZE, .fallback = "16M"},
    {0},
};
#undef MEMBER

#define MEMBER(name) .key = #name, .offset = offsetof(struct config_listener, name)
static const struct setting listener_settings[] = {
    {MEMBER(address), .type = SETTING_LIST, .required = true},
    {MEMBER(tls), .type = SETTING_CHOICE, .fallback = "none", .choices = listener_tls},
    {MEMBER(certificate), .type = SETTING_PATHS},
    {MEMBER(key), .type = SETTING_PATHS},
    {MEMBER(tls_min), .type = SETTING_CHOICE, .fallback = "TLSv1.2", .choices = tls_version_names},
    {MEMBER(ciphers), .type = SETTING_STRING, .fallback = ""},
    {MEMBER(curves), .type = SETTING_STRING, .fallback = ""},
    {.key      = "upstream",
     .offset   = offsetof(struct config_listener, upstream_name),
     .type     = SETTING_STRING,
     .required = true},
    {MEMBER(filters), .type = SETTING_LIST},
    {MEMBER(max_sessions), .type = SETTING_NUMBER, .fallback = "0", .most = 10000000},
    {MEMBER(max_sessions_per_address), .type = SETTING_NUMBER, .fallback = "0", .most = 10000000},
    {MEMBER(login_timeout), .type = SETTING_DURATION, .fallback = "60s", .least = MILLISECOND, .most = HOUR},
    {MEMBER(idle_timeout), .type = SETTING_DURATION, .fallback = "10m", .least = 10 * MINUTE, .most = DAY},
    {MEMBER(plaintext_login), .type = SETTING_BOOL, .fallback = "false"},
    {MEMBER(commands), .type = SETTING_CHOICE, .fallback = "strict", .choices = commands_words},
    {MEMBER(bare_lf), .type = SETTING_CHOICE, .fallback = "crlf", .choices = bare_lf_words},
    {0},
};
#undef MEMBER

#define MEMBER(name) .key = #name, .offset = offsetof(struct config_upstream, name)
static const struct setting upstream_settings[] = {
    {MEMBER(server), .type = SETTING_LIST, .required = true},
    {MEMBER(tls), .type = SETTING_CHOICE, .fallback = "none", .choices = upstream_tls},
    {MEMBER(tls_verify), .type = SETTING_BOOL, .fallback = "true"},
    {MEMBER(tls_ca), .type = SETTING_PATH},
    {MEMBER(tls_name), .type = SETTING_STRING},
    {MEMBER(tls_min), .type = SETTING_CHOICE, .fallback = "TLSv1.2", .choices = tls_version_names},
    {MEMBER(ciphers), .type = SETTING_STRING, .fallback = ""},
    {MEMBER(curves), .type = SETTING_STRING, .fallback = ""},
    {MEMBER(legacy_server_connect), .type = SETTING_BOOL, .fallback = "false"},
    {MEMBER(connect_timeout), .type = SETTING_DURATION, .fallback = "10s", .least = MILLISECOND, .most = HOUR},
    {MEMBER(reply_timeout), .type = SETTING_DURATION, .fallback = "5m", .least = MILLISECOND, .most = DAY},
    {MEMBER(line_end), .type = SETTING_CHOICE, .fallback = "crlf", .choices = line_end_words},
    {MEMBER(pipelining), .type = SETTING_CHOICE, .fallback = "auto", .choices = pipelining_words},
    {0},
};
#undef MEMBER

#define MEMBER(name) .key = #name, .offset = offsetof(struct config_filter_head, name)
static const struct setting filter_settings[] = {
    {MEMBER(module), .type = SETTING_STRING, .required = true},
    {MEMBER(on_failure), .type = SETTING_CHOICE, .fallback = "pass", .choices = on_failure_words},
    {MEMBER(time_limit), .type = SETTING_DURATION, .fallback = "2s", .least = 10 * MILLISECOND, .most = MINUTE},
    {MEMBER(timeout), .type = SETTING_DURATION, .fallback = "30s", .least = 100 * MILLISECOND, .most = HOUR},
    {0},
};
#undef MEMBER

enum config_kind
config_table_find(const char *word)
{
    enum config_kind kind = CONFIG_MAIN;

    while (kind < CONFIG_KINDS && strcmp(config_tables[kind].kind, word) != 0)
        kind++;
    return kind;
}

const struct config_table config_tables[CONFIG_KINDS] = {
    [CONFIG_MAIN]     = {"", main_settings},
    [CONFIG_LISTENER] = {"listener", listener_settings},
    [CONFIG_UPSTREAM] = {"upstream", upstream_settings},
    [CONFIG_FILTER]   = {"filter", filter_settings},
};
