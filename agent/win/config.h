/* What deploy/agent/stamp.py writes into the program before it is signed: a resource of a fixed size. */
#ifndef BEISTAND_WIN_CONFIG_H
#define BEISTAND_WIN_CONFIG_H

#include "agent/core/program.h"

/* Resource CONFIG_RESOURCE (RT_RCDATA): CONFIG_MAGIC, u32 length (little-endian), program.json, zeros up to CONFIG_SIZE. */
#define CONFIG_RESOURCE 1
#define CONFIG_SIZE 24576
#define CONFIG_MAGIC "BEISTAND-PROGRAM-CONFIG-1"

/* 0, or -1: the program was never stamped. */
int config_load(struct program_config *out);

#endif
