/* Settings from the environment through one table per service: it parses, refuses nonsense by name,
 * prints --print-config and the manual (--print-manual). */
#ifndef BEISTAND_SETTINGS_H
#define BEISTAND_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

enum setting_type { SETTING_TEXT, SETTING_NUMBER, SETTING_FILE_SECRET };

/* TEXT: target is const char **. NUMBER: target is int64_t *, within [min, max].
 * FILE_SECRET: target is const char **; NAME_FILE names a file that holds it, or NAME has it. */
struct setting {
    const char *name;
    enum setting_type type;
    void *target;
    const char *fallback; /* NULL: required */
    int64_t min, max;
    const char *help;
};

/* What every service on Redis and Kafka is told; used as the first rows of its table. health: default
 * host:port of its health endpoints. */
struct common_settings {
    const char *redis_url, *kafka_bootstrap, *kafka_profile, *health_listen, *log_level;
};
#define COMMON_SETTINGS(c, health)                                                                 \
    {"REDIS_URL", SETTING_TEXT, &(c).redis_url, "redis://127.0.0.1:6379", 0, 0, "state"},          \
    {"KAFKA_BOOTSTRAP", SETTING_TEXT, &(c).kafka_bootstrap, "127.0.0.1:9092", 0, 0,                \
     "brokers, host:port[,host:port]"},                                                            \
    {"KAFKA_PROFILE", SETTING_TEXT, &(c).kafka_profile, "real", 0, 0,                              \
     "real; mock for the embedded broker; quick for fault tests (the broker must allow it)"},      \
    {"HEALTH_LISTEN", SETTING_TEXT, &(c).health_listen, health, 0, 0,                              \
     "host:port of the health endpoints"},                                                         \
    {"LOG_LEVEL", SETTING_TEXT, &(c).log_level, "info", 0, 0, "debug, info, warn or error"}

/* Handles argv (--print-config, --print-manual exit 0). 0, or -1 after one clear line on stderr. */
int settings_load(const struct setting *table, size_t n, int argc, char **argv);

#endif
