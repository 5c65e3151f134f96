/* One JSON object per line on stderr. `event` is a stable name; fields are alternating key, value
 * strings ended by NULL. Never pass a secret: what identifies one is its SHA-256 prefix. */
#ifndef BEISTAND_LOG_H
#define BEISTAND_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* service: static string that lives as long as the process. */
void log_init(const char *service, enum log_level lowest);
/* LOG_INFO when name is none of debug, info, warn, error. */
enum log_level log_level_named(const char *name);
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

#endif
