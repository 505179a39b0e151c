/* nearest: finds the word that was probably meant. */

#include "squall/base.h"

enum { NEAREST_WORD_MAX = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return str_eq_nocase((struct str){&a, 1}, (struct str){&b, 1});
}

/* Optimal string alignment: insertions, deletions, changes and swaps of neighbours, each 1.
 * Letters of either case are the same. Both at most NEAREST_WORD_MAX long. */
static size_t distance(struct str a, struct str b)
{
    size_t d[NEAREST_WORD_MAX + 1][NEAREST_WORD_MAX + 1];
    for (size_t i = 0; i <= a.len; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= b.len; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = d[i - 1][j - 1] + !same(a.ptr[i - 1], b.ptr[j - 1]);
            d[i][j] = least(change, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && same(a.ptr[i - 1], b.ptr[j - 2]) &&
                same(a.ptr[i - 2], b.ptr[j - 1]))
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.len][b.len];
}

const char *text_nearest(struct str word, const char *const *candidates)
{
    /* One slip in three letters; a word of two may have one, a single letter none. */
    size_t allowed = word.len < 2 ? 0 : word.len < 3 ? 1 : word.len / 3;
    size_t best = allowed + 1;
    const char *nearest = NULL;
    if (word.len > NEAREST_WORD_MAX)
        return NULL;
    for (; *candidates; candidates++) {
        struct str candidate = str_of(*candidates);
        if (candidate.len > NEAREST_WORD_MAX)
            continue;
        size_t d = distance(word, candidate);
        if (d < best && d < candidate.len) {
            best = d;
            nearest = *candidates;
        }
    }
    return nearest;
}
