/* embed: a file of the source tree, put into the binary as bytes.
 *
 * EMBED(plan_schema_json, "src/plan/scenario.schema.json") makes `plan_schema_json` and
 * `plan_schema_json_end`; the path is relative to the top of the tree. The Makefile names the
 * file as a prerequisite of the object.
 */
#ifndef SQUALL_EMBED_H
#define SQUALL_EMBED_H

#define EMBED(symbol, path)                                                                        \
    __asm__(".pushsection .rodata\n"                                                               \
            ".balign 16\n" #symbol ":\n"                                                           \
            ".incbin \"" path "\"\n" #symbol "_end:\n"                                             \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const char symbol[];                                                                    \
    extern const char symbol##_end[]

#define EMBED_STR(symbol) ((struct str){symbol, (size_t)(symbol##_end - symbol)})

#endif
