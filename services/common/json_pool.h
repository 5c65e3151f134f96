/* Memory of JSON values. A message becomes some hundred small pieces that all go at once; glibc keeps seven of a size at
 * hand and takes the long way for the others. */
#ifndef BEISTAND_JSON_POOL_H
#define BEISTAND_JSON_POOL_H

/* Before anything else of jansson is called. Every thread has pieces of its own at hand. */
void json_pool_start(void);

#endif
