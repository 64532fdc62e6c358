/* Small blocks that Lua lets go of are kept for its next ones: a run of a script makes and drops the same few sizes, and malloc would
 * be a good part of its cost. In front of the allocator that the state was made with, which goes on counting and limiting. Called by
 * src/start.rs and src/lua.rs. */
#include "shim.h"

enum { LEAST = sizeof(void *), MOST = 256, KEPT_BYTES = 96 * 1024 };    /* a list for each size of so many bytes */
typedef struct block { struct block *next; } block;
typedef struct {
    lua_Alloc alloc; void *data;                        /* the state's own */
    size_t kept;
    block *list[MOST + 1];
} cache;

static int is_small(size_t n) { return n - LEAST <= MOST - LEAST; }
static void let_all_go(cache *c) {
    size_t n;
    for (n = LEAST; n <= MOST; n++)
        while (c->list[n]) { block *b = c->list[n]; c->list[n] = b->next; c->alloc(c->data, b, n, 0); }
    c->kept = 0;
}

static void *cached(void *data, void *p, size_t was, size_t n) {
    cache *c = data;
    if (!p) {
        if (LIKELY(is_small(n))) {
            block *b = c->list[n];
            if (LIKELY(b != NULL)) { c->list[n] = b->next; c->kept -= n; return b; }
        }
    }
    else if (n == 0 && is_small(was) && LIKELY(c->kept < KEPT_BYTES)) {
        block *b = p;
        b->next = c->list[was]; c->list[was] = b; c->kept += was;
        return NULL;
    }
    {
        void *made = c->alloc(c->data, p, was, n);
        if (UNLIKELY(!made && n && c->kept)) {          /* at the limit: what is kept counts */
            let_all_go(c);
            made = c->alloc(c->data, p, was, n);
        }
        return made;
    }
}
/* From now on blocks are kept. NULL without memory: then they are not. */
void *ml_keep_blocks(ml_state *me) {
    cache *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->alloc = lua_getallocf(me->main, &c->data);
    lua_setallocf(me->main, cached, c);
    return c;
}
/* The state has its own allocator again, and it has all its blocks. */
void ml_return_blocks(ml_state *me, void *blocks) {
    cache *c = blocks;
    if (!c) return;
    lua_setallocf(me->main, c->alloc, c->data);
    let_all_go(c);
    free(c);
}
