/* id: names of runs, scenarios and the like, which sort by the time they were made. */
#include <string.h>

#include "squall/base.h"

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

void id_new(char out[ID_SIZE], struct clock *clock)
{
    uint32_t tail;
    random_bytes(&tail, sizeof tail);
    unsigned __int128 bits = clock_wall_ns(clock) / NS_PER_MS & ((UINT64_C(1) << 48) - 1);
    bits = bits << 32 | tail;
    for (int i = ID_LEN - 1; i >= 0; i--, bits >>= 5)
        out[i] = alphabet[bits & 31];
    out[ID_LEN] = '\0';
}

bool id_valid(struct str text)
{
    if (text.len != ID_LEN)
        return false;
    for (size_t i = 0; i < ID_LEN; i++)
        if (text.ptr[i] == '\0' || !strchr(alphabet, text.ptr[i]))
            return false;
    return true;
}
