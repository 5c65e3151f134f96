/* See load_config.c. */
#ifndef BEISTAND_WIN_LOAD_CONFIG_H
#define BEISTAND_WIN_LOAD_CONFIG_H

/* Named by main(), so that the linker keeps the structure. */
const void *load_config_keep(void);

#endif
