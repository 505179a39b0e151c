/* mem: allocation that does not fail. A load generator without memory has no honest result left to
 * give, so it ends there, with a line that says why.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "squall/base.h"

static _Noreturn void out_of_memory(void)
{
    static const char line[] = "squalld: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
    (void)ignored;
    abort();
}

void *mem_alloc(size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);
    if (!p)
        out_of_memory();
    return p;
}

void *mem_resize(void *old, size_t bytes)
{
    void *p = realloc(old, bytes ? bytes : 1);
    if (!p)
        out_of_memory();
    return p;
}

char *mem_copy_text(const char *text, size_t len)
{
    char *copy = mem_resize(NULL, len + 1);
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
