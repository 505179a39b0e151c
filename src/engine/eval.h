/* eval: the values of expressions, and of the variables that one user has. What can be known when
 * the plan is loaded has been decided by then: nothing is looked up by name here.
 */
#ifndef ENGINE_EVAL_H
#define ENGINE_EVAL_H

#include "patterns.h"
#include "squall/plan.h"

enum {
    EVAL_VALUE_MAX = 64 << 10,  /* bytes of a variable's value */
    EVAL_REQUEST_MAX = 2 << 20, /* bytes of a request that varies */
    EVAL_BODY_MAX = 1 << 20,    /* bytes of an answer's body that are looked into */
};

struct value {
    char *ptr;
    uint32_t len, cap;
    bool set;
};

/* Of one user. */
struct vars {
    struct value *values;    /* by slot */
    const struct str **rows; /* by data: the cells of this user's row */
    uint32_t user;           /* among all of its flow, in all workers */
    uint64_t iteration;
};

/* What all users of a worker share. */
struct eval {
    struct rng *rng;
    struct clock *clock;
    const struct plan *plan;
    uint32_t worker, workers;
    uint64_t counter; /* how often counter() was asked */
    uint64_t *dealt;  /* by data: rows that users have got */
    struct patterns *patterns;
    struct buf scratch; /* arguments, one behind the other */
    struct buf result;  /* of a function */
    struct buf body;    /* of the request that is being filled in */
    struct buf text;    /* for whoever needs a value at once */
    struct buf decoded; /* the body of an answer */
    struct buf found;   /* the text of something in it */
    struct buf why;     /* a check failed */
};

void eval_init(struct eval *e, const struct plan *plan, struct clock *clock, struct rng *rng,
               uint32_t worker, uint32_t workers);
void eval_fini(struct eval *e);

/* Appends the value of `t`. */
void eval_add(struct eval *e, const struct vars *v, const struct plan_template *t, struct buf *out);
/* The same in e->text; valid until the next time. */
struct str eval_text(struct eval *e, const struct vars *v, const struct plan_template *t);

void vars_init(struct vars *v, const struct plan *plan, uint32_t user);
void vars_fini(struct vars *v, const struct plan *plan);
/* -EMSGSIZE, and no change, when it is too long. */
int vars_set(struct vars *v, uint32_t slot, struct str text);
/* A new iteration begins: the first one evaluates the document's "variables". False when there is
 * no row for it any more. */
bool vars_begin(struct vars *v, struct eval *e);

#endif
