/* CPace, suite CPACE-RISTR255-SHA512, initiator-responder (draft-irtf-cfrg-cpace). Two ends that know the same
 * short password agree on a strong key; whoever does not know it gets one guess per run. */
#ifndef BEISTAND_CPACE_H
#define BEISTAND_CPACE_H

#include <stddef.h>
#include <stdint.h>

enum { CPACE_POINT_BYTES = 32, CPACE_SCALAR_BYTES = 32, CPACE_ISK_BYTES = 64, CPACE_PRS_MAX = 64, CPACE_TEXT_MAX = 64 };

/* What both ends put in. Sizes in bytes, each at most CPACE_TEXT_MAX; borrowed during the calls. */
struct cpace_input {
    const uint8_t *prs;
    size_t prs_size;
    const uint8_t *ci;
    size_t ci_size;
    const uint8_t *sid;
    size_t sid_size;
};

/* The generator of the draft's section 7.2 (map of the hashed generator string). */
void cpace_generator(uint8_t out[CPACE_POINT_BYTES], const struct cpace_input *in);
/* A fresh scalar and this end's message. 0, or -1. */
int cpace_start(const struct cpace_input *in, uint8_t scalar[CPACE_SCALAR_BYTES],
                uint8_t message[CPACE_POINT_BYTES]);
/* The message for a given scalar (test vectors). */
int cpace_message(const struct cpace_input *in, const uint8_t scalar[CPACE_SCALAR_BYTES],
                  uint8_t message[CPACE_POINT_BYTES]);
/* ya, ada: the initiator's message and associated data; yb, adb: the responder's. peer: the one of the two that
 * came from the other end. 0, or -1 when it is not a valid point or the result is neutral. */
int cpace_finish(const struct cpace_input *in, const uint8_t scalar[CPACE_SCALAR_BYTES],
                 const uint8_t peer[CPACE_POINT_BYTES], const uint8_t ya[CPACE_POINT_BYTES], const char *ada,
                 const uint8_t yb[CPACE_POINT_BYTES], const char *adb, uint8_t isk[CPACE_ISK_BYTES]);

#endif
