/* Small blocks that Lua lets go of are kept for its next ones: a run of a script makes and drops the same few sizes, and malloc would
 * be a good part of its cost. In front of the allocator that the state was made with, which goes on counting and limiting. Called by
 * src/start.rs and src/lua.rs. */
#include "shim.h"

enum { STEP = 8, SIZES = 32, KEPT_BYTES = 96 * 1024 };  /* blocks of exactly 8, 16 .. 256 bytes */
typedef struct block { struct block *next; } block;
typedef struct {
    lua_Alloc alloc; void *data;                        /* the state's own */
    size_t kept;
    block *list[SIZES + 1];
} cache;

static void *cached(void *data, void *p, size_t was, size_t n) {
    cache *c = data;
    if (!p) {
        if (LIKELY(n - 1 < STEP * SIZES && n % STEP == 0)) {
            block *b = c->list[n / STEP];
            if (LIKELY(b != NULL)) { c->list[n / STEP] = b->next; c->kept -= n; return b; }
        }
    }
    else if (n == 0 && was - 1 < STEP * SIZES && was % STEP == 0 && LIKELY(c->kept < KEPT_BYTES)) {
        block *b = p;
        b->next = c->list[was / STEP]; c->list[was / STEP] = b; c->kept += was;
        return NULL;
    }
    {
        void *made = c->alloc(c->data, p, was, n);
        if (UNLIKELY(!made && n && c->kept)) {          /* at the limit: what is kept counts */
            size_t i;
            for (i = 1; i <= SIZES; i++)
                while (c->list[i]) { block *b = c->list[i]; c->list[i] = b->next; c->alloc(c->data, b, i * STEP, 0); }
            c->kept = 0;
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
    cache *c = blocks; size_t i;
    if (!c) return;
    lua_setallocf(me->main, c->alloc, c->data);
    for (i = 1; i <= SIZES; i++)
        while (c->list[i]) { block *b = c->list[i]; c->list[i] = b->next; c->alloc(c->data, b, i * STEP, 0); }
    free(c);
}
