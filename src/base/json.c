/* json: escapes text for the inside of a JSON string. Whole documents are jansson's and cJSON's. */
#include <errno.h>

#include "squall/base.h"

/* Length of the well-formed UTF-8 character that s begins with; 0 when it begins with none. Table
 * 3-7 of the Unicode Standard: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_char(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.len < n)
        return 0;
    unsigned char least = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char most = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < least || p[1] > most)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static int add_control(struct buf *b, unsigned char c)
{
    static const char short_form[] = "\bb\ff\nn\rr\tt";
    for (const char *p = short_form; *p; p += 2)
        if ((unsigned char)*p == c)
            return buf_add_format(b, "\\%c", p[1]);
    return buf_add_format(b, "\\u%04x", c);
}

/* What is not UTF-8 becomes U+FFFD, one a byte, so that the document stays one. */
int buf_add_json_escaped(struct buf *b, struct str text)
{
    size_t begin = 0, at = 0;
    while (at < text.len) {
        unsigned char c = (unsigned char)text.ptr[at];
        size_t n = utf8_char((struct str){text.ptr + at, text.len - at});
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
