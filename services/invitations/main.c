/* beistand-invitations: see invitations.h and README.md. */
#include "webhook.h"

#include "common/fetch.h"
#include "common/log.h"
#include "common/seal.h"

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
    {"DIRECTORY_KEY", SETTING_FILE_SECRET, &S.directory_key, NULL, 0, 0,
     "file of lines kid:hex32 that open what the directory has sealed: webhooks' secrets"},
    {"WEBHOOK_SCHEDULE_MS", SETTING_TEXT, &S.webhook_schedule,
     "5000,300000,1800000,7200000,18000000,36000000,50400000,72000000,86400000", 0, 0,
     "waits between the tries of one delivery to a webhook, ± 20 %"},
    {"WEBHOOK_TIMEOUT_MS", SETTING_NUMBER, &S.webhook_timeout_ms, "15000", 100, 60000, "for one answer of a webhook"},
    {"WEBHOOK_DISABLE_MS", SETTING_NUMBER, &S.webhook_disable_ms, "432000000", 100, 2592000000,
     "a webhook that has only failed for so long is switched off"},
    {"WEBHOOK_ALLOW_HTTP", SETTING_NUMBER, &S.webhook_allow_http, "0", 0, 1, "1: webhooks may be plain http"},
    {"WEBHOOK_ALLOW_PRIVATE", SETTING_NUMBER, &S.webhook_allow_private, "0", 0, 1,
     "1: webhooks may point into private networks"},
    {"WEBHOOK_CA_FILE", SETTING_TEXT, &S.webhook_ca_file, "", 0, 0, "authorities (PEM) of webhooks instead of the system's"},
};
#undef S

static const char *not_ready(void *user)
{
    struct invitations *i = user;
    const char *why = redis_not_ready(i->redis);
    if (why)
        return why;
    return kafka_ready(i->kafka) ? NULL : "kafka is not reachable or has given no partitions yet";
}

static int start(struct invitations *i)
{
    struct loop *l = i->service.loop = loop_new();
    i->keys = secret_keys_new(i->settings.secret_keys);
    i->seal_keys = seal_keys_new(i->settings.directory_key);
    if (!l || !i->keys || !i->seal_keys || webhooks_schedule(i, i->settings.webhook_schedule) != 0)
        return -1;
    i->smtp = smtp_new(l, i->settings.smtp_url);
    i->fetcher = fetcher_new(l, i->settings.webhook_allow_private != 0);
    if (!i->fetcher)
        return -1;
    fetcher_tune(i->fetcher, i->settings.webhook_allow_http != 0, (long)i->settings.webhook_timeout_ms,
                 i->settings.webhook_ca_file);
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
    fetcher_free(i->fetcher);
    webhooks_free(i); /* after Redis: its last replies are theirs */
    service_cleanup(&i->service);
    seal_keys_free(i->seal_keys);
    secret_keys_free(i->keys);
    return status == 0 ? 0 : 1;
}
