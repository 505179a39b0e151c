/* search: the SQL function contains_nocase(text, part). SQLite's own LIKE knows the case of ASCII
 * letters only; scenarios are named in any language.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "store_priv.h"

static void free_wide(wchar_t **text)
{
    free(*text);
}

/* NULL when it is not UTF-8. */
static wchar_t *fold(locale_t locale, const char *text)
{
    size_t len = mbstowcs(NULL, text, 0);
    if (len == (size_t)-1)
        return NULL;
    wchar_t *out = mem_alloc((len + 1) * sizeof *out);
    mbstowcs(out, text, len + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = (wchar_t)towlower_l((wint_t)out[i], locale);
    return out;
}

static bool contains(locale_t locale, const char *text, const char *part)
{
    AUTO(free_wide) wchar_t *wide_text = fold(locale, text);
    AUTO(free_wide) wchar_t *wide_part = fold(locale, part);
    if (!wide_text || !wide_part)
        return strcasestr(text, part) != NULL;
    return wcsstr(wide_text, wide_part) != NULL;
}

static void on_call(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    locale_t locale = sqlite3_user_data(context);
    const char *text = (const char *)sqlite3_value_text(values[0]);
    const char *part = (const char *)sqlite3_value_text(values[1]);
    if (!text || !part)
        return sqlite3_result_null(context);
    locale_t before = uselocale(locale);
    sqlite3_result_int(context, contains(locale, text, part));
    uselocale(before);
}

static void free_locale(void *locale)
{
    freelocale(locale);
}

int search_register(struct db *db, struct err *e)
{
    /* Comes with the C library, whatever else is installed and set. */
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!locale)
        locale = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
    int rc = sqlite3_create_function_v2(db->handle, "contains_nocase", 2,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC, locale, on_call, NULL,
                                        NULL, free_locale);
    return rc == SQLITE_OK ? 0 : db_fail(db, rc, e);
}
