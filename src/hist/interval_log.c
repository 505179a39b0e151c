/* interval_log: writes .hlog files, which HdrHistogram's own tools read and draw. */
#include <time.h>

#include "hist_priv.h"

/* With a base time, the times of the lines are seconds since then. */
int hist_log_header(struct buf *out, uint64_t start_wall_ns)
{
    size_t begin = out->len;
    double start_s = (double)(start_wall_ns / NS_PER_MS) / 1000;
    time_t seconds = (time_t)(start_wall_ns / NS_PER_S);
    struct tm t;
    char date[64];
    gmtime_r(&seconds, &t);
    strftime(date, sizeof date, "%a %b %d %H:%M:%S UTC %Y", &t);
    buf_add_text(out, "#[Histogram log format version 1.3]\n");
    buf_add_format(out, "#[StartTime: %.3f (seconds since epoch), %s]\n", start_s, date);
    buf_add_format(out, "#[BaseTime: %.3f (seconds since epoch)]\n", start_s);
    buf_add_text(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                      "\"Interval_Compressed_Histogram\"\n");
    return hist_written(out, begin);
}

/* A tag ends at the first comma, and a line at its end; a name may have both. */
static void add_tag(struct buf *out, struct str tag)
{
    buf_add_text(out, "Tag=");
    for (size_t i = 0; i < tag.len; i++) {
        unsigned char c = (unsigned char)tag.ptr[i];
        buf_add(out, c <= ' ' || c == ',' || c == 0x7f ? "_" : &tag.ptr[i], 1);
    }
    buf_add_text(out, ",");
}

int hist_log_line(struct buf *out, const char *tag, double start_s, double length_s,
                  const struct hist *h)
{
    size_t begin = out->len;
    if (tag && *tag)
        add_tag(out, str_of(tag));
    buf_add_format(out, "%.3f,%.3f,%.3f,", start_s, length_s, (double)h->max_us / 1000);
    int rc = hist_encode_compressed_base64(h, out);
    if (rc)
        out->failed = true;
    buf_add_text(out, "\n");
    return hist_written(out, begin);
}
