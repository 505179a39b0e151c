/* worker: `squalld worker`: the load engine on stdin and stdout. Not for people, save in debugging:
 * `squalld serve` and `squalld run` start it. */
#include <unistd.h>

#include "cli.h"
#include "options.h"
#include "squall/engine.h"

static const struct option list[] = {{0}};

static const struct options options = {
    .command = "squalld worker",
    .before =
        "Usage: squalld worker\n"
        "\n"
        "The load engine, one process on one core: reads a plan on stdin and writes frames, a "
        "line\n"
        "of JSON each, on stdout (include/squall/wire.h tells them). \"squalld serve\" and\n"
        "\"squalld run\" start as many as they need; it ends when its stdin does.\n"
        "\n",
    .list = list,
};

int cli_worker(int argc, char **argv)
{
    int code = options_parse(&options, NULL, argc, argv);
    return code == OPTIONS_GO_ON ? engine_main(STDIN_FILENO, STDOUT_FILENO) : code;
}
