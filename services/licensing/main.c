/* beistand-licensing: see licensing.h and README.md. */
#include "licensing.h"

#include "common/log.h"
#include "common/settings.h"

#include <stdio.h>

static struct common_settings common;
static const char *secret_keys;

static const struct setting settings[] = {
    COMMON_SETTINGS(common, "127.0.0.1:9104"),
    {"SECRET_KEYS", SETTING_FILE_SECRET, &secret_keys, NULL, 0, 0,
     "file of lines kid:hex32, the first is current"},
};

static const char *not_ready(void *user)
{
    struct licensing *l = user;
    const char *why = redis_not_ready(l->redis);
    if (why)
        return why;
    return kafka_ready(l->kafka) ? NULL : "kafka is not reachable or has given no partitions yet";
}

int main(int argc, char **argv)
{
    struct licensing l = {.service = {.name = "licensing", .not_ready = not_ready, .user = &l}};
    if (settings_load(settings, sizeof settings / sizeof *settings, argc, argv) != 0)
        return 2;
    log_init("licensing", log_level_named(common.log_level));
    int status = 1;
    l.keys = secret_keys_new(secret_keys);
    l.service.loop = loop_new();
    if (!l.keys || !l.service.loop)
        goto out;
    l.redis = redis_new(l.service.loop, common.redis_url);
    l.kafka = bus_new(&l, common.kafka_bootstrap, common.kafka_profile);
    if (!l.redis || !l.kafka || service_start(&l.service, common.health_listen) != 0)
        goto out;
    loop_run(l.service.loop);
    status = 0;
out:
    kafka_free(l.kafka, 2000);
    redis_free(l.redis);
    service_cleanup(&l.service);
    secret_keys_free(l.keys);
    return status;
}
