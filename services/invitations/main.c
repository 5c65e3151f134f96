/* beistand-invitations: see invitations.h and README.md. */
#include "invitations.h"

#include "common/log.h"

static struct invitations invitations;

#define S invitations.settings
static const struct setting settings[] = {
    COMMON_SETTINGS(S.common, "127.0.0.1:9102"),
    {"PUBLIC_ORIGIN", SETTING_TEXT, &S.origin, NULL, 0, 0, "https://host[:port] of the links"},
    {"SECRET_KEYS", SETTING_FILE_SECRET, &S.secret_keys, NULL, 0, 0,
     "file of lines kid:hex32, the first is current"},
    {"SMTP_URL", SETTING_TEXT, &S.smtp_url, NULL, 0, 0, "smtp://[user:password@]host:port or smtps://…"},
    {"MAIL_FROM", SETTING_TEXT, &S.mail_from, NULL, 0, 0, "sender: Name <address>"},
    {"MAIL_RETRY_MS", SETTING_NUMBER, &S.retry_ms, "30000", 100, 3600000,
     "wait before the second try; doubles with each further one"},
};
#undef S

static const char *not_ready(void *user)
{
    struct invitations *i = user;
    if (!redis_ready(i->redis))
        return "redis is not reachable";
    return kafka_ready(i->kafka) ? NULL : "kafka is not reachable or has given no partitions yet";
}

static int start(struct invitations *i)
{
    struct loop *l = i->service.loop = loop_new();
    i->keys = secret_keys_new(i->settings.secret_keys);
    if (!l || !i->keys)
        return -1;
    i->smtp = smtp_new(l, i->settings.smtp_url);
    i->redis = redis_new(l, i->settings.common.redis_url);
    i->kafka = bus_new(i);
    return i->smtp && i->redis && i->kafka ? service_start(&i->service, i->settings.common.health_listen) : -1;
}

int main(int argc, char **argv)
{
    struct invitations *i = &invitations;
    i->service = (struct service){.name = "invitations", .not_ready = not_ready, .user = i};
    if (settings_load(settings, sizeof settings / sizeof *settings, argc, argv) != 0)
        return 2;
    log_init("invitations", log_level_named(i->settings.common.log_level));
    int status = start(i);
    if (status == 0)
        loop_run(i->service.loop);
    smtp_free(i->smtp);
    kafka_free(i->kafka, 2000);
    redis_free(i->redis);
    service_cleanup(&i->service);
    secret_keys_free(i->keys);
    return status == 0 ? 0 : 1;
}
