/* Named places where a fault test may kill the process: FAILPOINT="name" or "name:n" (the n-th time).
 * Without that variable a failpoint costs one comparison. */
#ifndef BEISTAND_FAILPOINT_H
#define BEISTAND_FAILPOINT_H

void failpoint(const char *name);

#endif
