/* Small blocks that Lua lets go of are kept for its next ones: a run of a script makes and drops the same few sizes, and malloc would
 * be a good part of its cost. In front of the allocator that the state was made with, which goes on counting and limiting. Called by
 * src/start.rs and src/lua.rs. */
#include "shim.h"

enum { LEAST = sizeof(void *), MOST = 256, KEPT_BYTES = 96 * 1024 };    /* a list for each size of so many bytes */
typedef struct block { struct block *next; } block;
typedef struct {
    lua_Alloc alloc; void *data;                        /* the state's own */
    ml_state *me;
    size_t kept, grown;                                 /* bytes in the lists; bytes by which the state has grown in a pause */
    block *list[MOST + 1];
} cache;

static int is_small(size_t n) { return n - LEAST <= MOST - LEAST; }
static void let_all_go(cache *c) {
    size_t n;
    for (n = LEAST; n <= MOST; n++)
        while (c->list[n]) { block *b = c->list[n]; c->list[n] = b->next; c->alloc(c->data, b, n, 0); }
    c->kept = 0;
}

#if LUA_VERSION_NUM >= 504
/* A stack that has its last size is about to overflow. Lua collects garbage when a stack is full, and calls `__gc` on that very stack:
 * each call then overflows, which costs some ten milliseconds (the whole stack is moved, twice) and leaves its object without the call.
 * A thousand closed files are half a minute in which the interpreter is held. So while such a stack exists the collector pauses, until
 * the script has got its error or the state has grown by so much that it only runs deep. The job's end ends the pause, too. */
enum { FULL_STACK = (1000000 + 5) * 16, PAUSE_BYTES = 64 * 1024 * 1024 };   /* LUAI_MAXSTACK and EXTRA_STACK values */
static void pause_collector(cache *c, size_t was, size_t n) {
    ml_state *me = c->me;
    if (!(me->gc_stopped & ML_GC_PAUSED)) {
        if (n != FULL_STACK || me->gc_stopped || lua_gc(me->main, LUA_GCSTOP) < 0) return;
        me->gc_stopped = ML_GC_PAUSED;
        c->grown = 0;
        return;
    }
    c->grown += n > was ? n - was : 0;
    if (c->grown <= PAUSE_BYTES && (was < FULL_STACK || n >= FULL_STACK)) return;
    if (!(me->gc_stopped & ML_GC_BY_SCRIPT) && lua_gc(me->main, LUA_GCRESTART) < 0) return;
    me->gc_stopped &= ~ML_GC_PAUSED;
}
#define IS_DEEP(c, was, n) ((n) == FULL_STACK || (c)->me->gc_stopped)
#else
#define pause_collector(c, was, n) (void)0
#define IS_DEEP(c, was, n) 0
#endif

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
        void *made;
        if (UNLIKELY(IS_DEEP(c, p ? was : 0, n))) pause_collector(c, p ? was : 0, n);
        made = c->alloc(c->data, p, was, n);
        if (UNLIKELY(!made && n && c->kept)) {          /* at the limit: what is kept counts */
            let_all_go(c);
            made = c->alloc(c->data, p, was, n);
        }
        return made;
    }
}
/* Begins to keep blocks. Returns NULL where there is no memory for the lists: then none are kept. */
void *ml_keep_blocks(ml_state *me) {
    cache *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->me = me;
    c->alloc = lua_getallocf(me->main, &c->data);
    lua_setallocf(me->main, cached, c);
    return c;
}
/* Gives all kept blocks back to the state's own allocator, which the state uses again from now on. */
void ml_return_blocks(ml_state *me, void *blocks) {
    cache *c = blocks;
    if (!c) return;
    lua_setallocf(me->main, c->alloc, c->data);
    let_all_go(c);
    free(c);
}
