/* err: fills struct err. Printing is left to the top of the program. */
#include <stdio.h>
#include <string.h>

#include "squall/base.h"

int err_set(struct err *e, int code, const char *format, ...)
{
    if (!e)
        return code;
    e->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(e->message, sizeof e->message, format, args);
    va_end(args);
    return code;
}

int err_prefix(struct err *e, const char *format, ...)
{
    if (!e)
        return 0;
    char sentence[ERR_MESSAGE_MAX];
    memcpy(sentence, e->message, sizeof sentence);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(e->message, sizeof e->message, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof e->message) {
        int room = (int)sizeof e->message - n - 1; /* a long sentence loses its end */
        snprintf(e->message + n, (size_t)room + 1, ": %.*s", room < 2 ? 0 : room - 2, sentence);
    }
    return e->code;
}
