/* options: reads a command's words by its table, and prints the table as help. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

enum {
    OPTIONS_MAX = 64,   /* of one command */
    HELP_COLUMN = 21,   /* where the explanations begin */
    WORD_SHOWN_MAX = 60 /* bytes of a word that is quoted in a sentence */
};

static bool at_end(const struct option *option)
{
    return !option->name && !option->help;
}

/* ---- help ------------------------------------------------------------------------------------ */

static void print_option(const char *name, const char *value, const char *text)
{
    int width = printf("  --%s%s%s", name, value ? " " : "", value ? value : "");
    if (width >= HELP_COLUMN) {
        printf("\n");
        width = 0;
    }
    printf("%*s", HELP_COLUMN - width, "");
    for (const char *c = text; *c; c++) {
        putchar(*c);
        if (*c == '\n')
            printf("%*s", HELP_COLUMN, "");
    }
    putchar('\n');
}

static void print_help(const struct options *o)
{
    fputs(o->before, stdout);
    for (const struct option *option = o->list; !at_end(option); option++) {
        if (option->name)
            print_option(option->name, option->value, option->help);
        else
            puts(option->help);
    }
    print_option("help", NULL, "this text");
    if (o->after)
        fputs(o->after, stdout);
}

/* ---- words ----------------------------------------------------------------------------------- */

static const struct option *find(const struct options *o, struct str name)
{
    for (const struct option *option = o->list; !at_end(option); option++)
        if (option->name && str_eq_text(name, option->name))
            return option;
    return NULL;
}

static int unknown(const struct options *o, struct str name, struct err *e)
{
    const char *names[OPTIONS_MAX + 2] = {"help"};
    size_t count = 1;
    for (const struct option *option = o->list; !at_end(option) && count <= OPTIONS_MAX; option++)
        if (option->name)
            names[count++] = option->name;
    const char *nearest = text_nearest(name, names);
    int shown = name.len < WORD_SHOWN_MAX ? (int)name.len : WORD_SHOWN_MAX;
    return err_set(e, -EINVAL, "there is no option --%.*s%s%s%s", shown, name.ptr,
                   nearest ? "; did you mean --" : "", nearest ? nearest : "", nearest ? "?" : "");
}

/* Takes the option in argv[*i], and its value, which may be the next word. */
static int take_option(const struct options *o, void *into, int *i, int argc, char **argv,
                       struct err *e)
{
    struct str name = str_of(argv[*i] + 2);
    const char *value = strchr(name.ptr, '=');
    if (value)
        name.len = (size_t)(value++ - name.ptr);
    const struct option *option = find(o, name);
    if (!option)
        return unknown(o, name, e);
    if (!option->value && value)
        return err_set(e, -EINVAL, "--%s takes no value", option->name);
    if (option->value && !value) {
        if (*i + 1 == argc)
            return err_set(e, -EINVAL, "--%s needs a value: %s", option->name, option->value);
        value = argv[++*i];
        if (str_starts(str_of(value), "--")) /* more likely the next option than a value */
            return err_set(e, -EINVAL, "--%s needs a value; if it is \"%.*s\", write --%s=%.*s",
                           option->name, WORD_SHOWN_MAX, value, option->name, WORD_SHOWN_MAX,
                           value);
    }
    int rc = option->set(into, option->name, value, e);
    return rc < 0 ? err_prefix(e, "--%s", option->name) : 0;
}

static int take_word(const struct options *o, void *into, const char *word, struct err *e)
{
    if (o->word)
        return o->word(into, word, e);
    return err_set(e, -EINVAL, "\"%.*s\" is no option", WORD_SHOWN_MAX, word);
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

int options_parse(const struct options *o, void *into, int argc, char **argv)
{
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        struct err e = {0};
        int rc;
        if (only_words || !is_option(argv[i])) {
            rc = take_word(o, into, argv[i], &e);
        } else if (strcmp(argv[i], "--") == 0) {
            only_words = true;
            continue;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(o);
            return CLI_OK;
        } else if (argv[i][1] != '-') {
            rc = err_set(&e, -EINVAL, "there is no option %.*s; options begin with two dashes",
                         WORD_SHOWN_MAX, argv[i]);
        } else {
            rc = take_option(o, into, &i, argc, argv, &e);
        }
        if (rc < 0)
            return options_refuse(o, "%s", e.message);
    }
    return OPTIONS_GO_ON;
}

int options_refuse(const struct options *o, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", o->command);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nSee %s --help.\n", o->command);
    va_end(args);
    return CLI_USAGE;
}
