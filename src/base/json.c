/* json: escapes text for the inside of a JSON string. Whole documents are jansson's and cJSON's. */
#include <errno.h>

#include "squall/base.h"

static int add_control(struct buf *b, unsigned char c)
{
    static const char short_form[] = "\bb\ff\nn\rr\tt";
    for (const char *p = short_form; *p; p += 2)
        if ((unsigned char)*p == c)
            return buf_add_format(b, "\\%c", p[1]);
    return buf_add_format(b, "\\u%04x", c);
}

int buf_add_json_escaped(struct buf *b, struct str text)
{
    size_t begin = 0, at = 0;
    while (at < text.len) {
        unsigned char c = (unsigned char)text.ptr[at];
        size_t n = str_utf8_char((struct str){text.ptr + at, text.len - at});
        if (n > 0 && c >= 0x20 && c != 0x7f && c != '"' && c != '\\') {
            at += n;
            continue;
        }
        buf_add(b, text.ptr + begin, at - begin);
        if (n == 0)
            buf_add_text(b, "\\ufffd");
        else if (c == '"' || c == '\\')
            buf_add_format(b, "\\%c", c);
        else
            add_control(b, c);
        begin = ++at;
    }
    buf_add(b, text.ptr + begin, at - begin);
    return b->failed ? -ENOBUFS : 0;
}
