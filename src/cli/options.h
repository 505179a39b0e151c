/* options: a command's options as a table, from which its words are read and its --help is
 * printed. `--name VALUE` and `--name=VALUE` are the same; options and other words may be mixed;
 * after `--` there are only other words. A name that is not known is answered with the nearest.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "squall/base.h"

struct option {
    const char *name;  /* without dashes; NULL: `help` is a line between the options */
    const char *value; /* what --help calls its value; NULL: it takes none */
    const char *help;  /* may have several lines */
    /* `value` lives as long as argv; NULL for an option that takes none. */
    int (*set)(void *into, const char *name, const char *value, struct err *e);
};

struct options {
    const char *command; /* "squalld run" */
    const char *before;  /* --help: what stands before the options, and after them */
    const char *after;
    const struct option *list; /* its last entry is all NULL */
    /* Takes a word that is no option; NULL: the command has none. */
    int (*word)(void *into, const char *word, struct err *e);
};

enum { OPTIONS_GO_ON = -1 };

/* OPTIONS_GO_ON, or the exit code of a command that ends here: after --help, or after the sentence
 * about wrong usage. --help is in every table by itself. */
int options_parse(const struct options *o, void *into, int argc, char **argv);

/* Says on stderr what is wrong with the usage; returns the exit code for it. */
int options_refuse(const struct options *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
