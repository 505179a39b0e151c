/* fuzz_daemon: what strangers and administrators write to the daemon beside scenarios: the
 * configuration file, and headers that are taken apart by hand. A configuration is right within the
 * bounds of its keys, whatever the file says. */
#include <stdlib.h>
#include <string.h>

#include "squall/web.h"
#include "src/daemon/config_priv.h"
#include "src/daemon/guard.h"
#include "src/daemon/keys.h"
#include "src/daemon/request.h"

/* The dashboard is linked into squalld alone. */
const struct web_asset web_assets[1] = {{.path = ""}};
const size_t web_asset_count = 0;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_bounds(const struct daemon_config *config)
{
    for (size_t i = 0; i < key_count; i++) {
        uint64_t value;
        if (keys[i].type == KEY_TEXT || keys[i].type == KEY_SWITCH)
            continue;
        memcpy(&value, (const char *)config + keys[i].offset, sizeof value);
        if (keys[i].type == KEY_WORD ? value > LOG_ERROR
                                     : value != 0 && (value < keys[i].min || value > keys[i].max))
            abort();
    }
}

static void take_file(struct str text)
{
    struct daemon_config config = {0};
    struct buf problems;
    buf_init(&problems, DAEMON_CONFIG_PROBLEMS_MAX);
    config_take_text(&config, "file", text, &problems);
    check_bounds(&config);
    daemon_config_fini(&config);
    buf_fini(&problems);
}

/* Three headers, divided by line ends. */
static void take_headers(struct str text)
{
    struct str part[3] = {{"", 0}, {"", 0}, {"", 0}};
    for (size_t i = 0; i < 3 && text.len > 0; i++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        part[i] = (struct str){text.ptr, end ? (size_t)(end - text.ptr) : text.len};
        text.len -= part[i].len + (end ? 1 : 0);
        text.ptr += part[i].len + (end ? 1 : 0);
    }
    struct guard_headers headers = {part[0], part[1], part[2]};
    guard_refuses(&headers, true, "squall.test other.test");
    etag_listed(part[0], "\"3\"", true);
    etag_listed(part[1], "\"3\"", false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    /* In memory of just its length, so that reading beyond it is seen. */
    char *copy = malloc(len ? len : 1);
    memcpy(copy, data, len);
    take_file((struct str){copy, len});
    take_headers((struct str){copy, len});
    free(copy);
    return 0;
}
