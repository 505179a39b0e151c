/* web: the built dashboard inside the binary, as a table of compressed files. The Makefile makes
 * the table (build/gen/web_assets.c) from web/dist; a WEB=0 build has an empty one. Who serves it
 * is the daemon.
 */
#ifndef SQUALL_WEB_H
#define SQUALL_WEB_H

#include <stdbool.h>
#include <stddef.h>

struct web_asset {
    const char *path; /* "/index.html", "/assets/app-1a2b3c4d.js"; the table is sorted by it */
    const char *mime; /* "text/html; charset=utf-8" */
    const char *etag; /* strong, quotes included */
    bool immutable;   /* the path carries a hash of the content: may be cached for ever */
    const unsigned char *gzip;
    size_t gzip_len;
    size_t plain_len; /* bytes after decompression */
};

extern const struct web_asset web_assets[];
extern const size_t web_asset_count;

#endif
