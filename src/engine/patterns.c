/* patterns: see patterns.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "patterns.h"

#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>

struct patterns {
    size_t count;
    pcre2_code **codes;
    pcre2_match_data *match; /* with room for the groups of any of them */
    pcre2_match_context *limits;
};

struct patterns *patterns_new(const struct plan *plan)
{
    struct patterns *p = mem_alloc(sizeof *p);
    uint32_t most = 0;
    p->count = plan->pattern_count;
    p->codes = mem_alloc((p->count + 1) * sizeof *p->codes);
    for (size_t i = 0; i < p->count; i++) {
        int code;
        PCRE2_SIZE at;
        uint32_t groups = 0;
        struct str text = plan->patterns[i];
        p->codes[i] = pcre2_compile((PCRE2_SPTR)text.ptr, text.len, 0, &code, &at, NULL);
        if (!p->codes[i]) /* the plan has tried it */
            continue;
        pcre2_jit_compile(p->codes[i], PCRE2_JIT_COMPLETE); /* without it it is slower, no more */
        pcre2_pattern_info(p->codes[i], PCRE2_INFO_CAPTURECOUNT, &groups);
        most = groups > most ? groups : most;
    }
    p->match = pcre2_match_data_create(most + 1, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (p->limits)
        pcre2_set_match_limit(p->limits, PATTERNS_STEPS_MAX);
    return p;
}

void patterns_free(struct patterns *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        pcre2_code_free(p->codes[i]);
    pcre2_match_data_free(p->match);
    pcre2_match_context_free(p->limits);
    free(p->codes);
    free(p);
}

int patterns_find(struct patterns *p, uint32_t id, struct str subject, unsigned group,
                  struct str *found)
{
    const char *text = subject.ptr ? subject.ptr : "";
    if (!p->codes[id] || !p->match)
        return -EOVERFLOW;
    int rc = pcre2_match(p->codes[id], (PCRE2_SPTR)text, subject.len, 0, 0, p->match, p->limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    if (rc < 0)
        return -EOVERFLOW;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->match);
    if (group >= (unsigned)rc || at[2 * group] == PCRE2_UNSET || at[2 * group + 1] < at[2 * group])
        return 0;
    *found = (struct str){text + at[2 * group], at[2 * group + 1] - at[2 * group]};
    return 1;
}
