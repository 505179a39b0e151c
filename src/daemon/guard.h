/* guard: what a browser must not be made to do. The daemon has no accounts yet and trusts whoever
 * reaches it on loopback; a page of another site, open in the user's browser, must not be that.
 */
#ifndef DAEMON_GUARD_H
#define DAEMON_GUARD_H

#include "squall/base.h"

struct guard_headers {
    struct str host;       /* empty: not there */
    struct str origin;     /* empty: not there */
    struct str fetch_site; /* Sec-Fetch-Site; empty: not there */
};

/* NULL: the request may go on; else a sentence. `unsafe`: its method changes something. `names`:
 * further names that the daemon has, separated by spaces. */
const char *guard_refuses(const struct guard_headers *headers, bool unsafe, const char *names);

#endif
