/* One use, one state. All memory of a state lies in an arena of its own; before a use an image of the arena is there, after the use the
 * arena is overwritten with it: a state that nobody has used, for the price of a memcpy. What the use has opened is closed first. Called
 * by src/room.rs. PUC Lua only: LuaJIT's compiled code lies elsewhere, so its states serve one use and are closed.
 *
 * The arena has two regions: *hot*, what a use writes to (tables, stacks, userdata), and *cold*, what it only reads (strings, functions,
 * compiled code) until the collector runs. Cold is put back only after a use that may have written there. */
#define _GNU_SOURCE                     /* mremap */
#include "shim.h"

#if ML_ARENAS
#include <sys/mman.h>
#include "shade.h"

enum { SPANS = 24, SMALL = 512, CLASSES = 33 + 4 * 15, REGIONS = 2, HOT = 0, COLD = 1 };
#define REGION_BYTES ((size_t)64 << 20)     /* address space of a region; what does not fit is malloc's */
#define STEP_BYTES ((size_t)128 << 10)      /* memory is asked for in such steps */
#define LONGEST ((size_t)16 << 20)          /* the longest block in an arena */
#define LONGEST_IN_USE ((size_t)64 << 10)   /* the same while a use runs: longer ones grow in place with malloc */
#define MAPPED ((size_t)1 << 20)            /* blocks from here on are mmap's, which goes back to the system at once; malloc would keep them per thread */
#define KEPT_PAGES ((size_t)256 << 10)      /* bytes behind the image whose pages stay */

typedef struct block { struct block *next; } block;
typedef struct away { struct away *next, *prev; size_t n, mapped; } away;     /* in front of a block outside of the arena; `mapped`: bytes of mmap's, 0: malloc's */
/* What belongs to the image: it lies at the arena's start and is put back, too. */
typedef struct { char *from, *to; } gap;
typedef struct { size_t end[REGIONS], used; gap gap[REGIONS]; block *free[REGIONS][CLASSES]; } head;
struct ml_arena {
    head *h; char *base;
    ml_state *me;
    size_t open[REGIONS];               /* bytes of a region that may be touched */
    char *image[REGIONS]; size_t len[REGIONS];
    struct { size_t from, to; } span[SPANS]; int spans;     /* what there is of the hot region between its larger free blocks */
    away away;
    size_t limit;                       /* LuaInterpMaxMemory */
    size_t gross, calm;                 /* bytes that the use has allocated; the most with which no collection can have begun */
    size_t grown;                       /* bytes by which the state has grown in a pause of the collector */
    int in_use, loading, closing;
    int whole;                          /* the use may have written to the cold region */
    int collected;                      /* the collector may have run, so its lists say nothing */
    void *first; size_t first_len;      /* the block with Lua's global state */
    void *last;                         /* the block made last, while this is noted */
    void *late;                         /* the userdata made last while the state is closed */
    /* How this Lua lays out its objects, found out in the state itself. `finalized`: the word with the list of objects that have a
     * finalizer, the youngest first; NULL: not found. */
    void **finalized, *of_libraries, *of_image;
    size_t meta_at, value_at; unsigned char kind;
    const void *file_meta, *box_meta; lua_CFunction closes_file;
    uint64_t seed; uint32_t forks;
    const mi_class *wanted[ML_CLASSES]; /* classes of which a use had objects: the next image has them */
    ml_state saved;
};

static int is_in(const ml_arena *s, const void *p) { return (size_t)((const char *)p - s->base) < REGIONS * REGION_BYTES; }
static int region_of(const ml_arena *s, const void *p) { return (size_t)((const char *)p - s->base) >= REGION_BYTES; }
static char *region(const ml_arena *s, int r) { return s->base + (size_t)r * REGION_BYTES; }

/* The class of blocks of n bytes, and the bytes that each has: steps of 16, then four sizes between a power of two and the next. */
static inline int class_of(size_t n, size_t *room) {
    size_t m; int e;
    if (LIKELY(n <= SMALL)) { *room = (n + 15) & ~(size_t)15; return (int)((n + 15) >> 4); }
    m = n - 1; e = 63 - __builtin_clzll(m);
    *room = ((m >> (e - 2)) + 1) << (e - 2);
    return 33 + (e - 9) * 4 + (int)((m >> (e - 2)) & 3);
}
static size_t room_of(int c) { return (size_t)(5 + (c - 33) % 4) << (7 + (c - 33) / 4); }       /* of c > 32, as class_of has it */
/* Memory of a small block in a larger one that is free, so that images have few holes: what a table leaves that grew while the state was
 * made. NULL if there is none. */
static void *fill_gap(ml_arena *s, int r, size_t room) {
    head *h = s->h; gap *g = &h->gap[r]; int c; size_t there = 0;
    if ((size_t)(g->to - g->from) < room) {
        for (c = CLASSES - 1; c > 32 && !h->free[r][c]; c--) {}
        if (c == 32) return NULL;
        there = room_of(c);
        g->from = (char *)h->free[r][c]; g->to = g->from + there;
        h->free[r][c] = h->free[r][c]->next;
    }
    g->from += room;
    return g->from - room;
}
/* Fresh memory of a region; NULL where it is full. */
static void *bump(ml_arena *s, int r, size_t room) {
    head *h = s->h; size_t end = h->end[r] + room; void *p = region(s, r) + h->end[r];
    if (UNLIKELY(end > s->open[r])) {
        size_t to = (end + STEP_BYTES - 1) & ~(STEP_BYTES - 1);
        if (to > REGION_BYTES || mprotect(region(s, r) + s->open[r], to - s->open[r], PROT_READ | PROT_WRITE)) return NULL;
        HIDE(region(s, r) + s->open[r], to - s->open[r]);
        s->open[r] = to;
    }
    h->end[r] = end;
    return p;
}
static void end_away(away *a) { if (a->mapped) munmap(a, a->mapped); else free(a); }
static void free_away(void *p) { away *a = (away *)p - 1; a->prev->next = a->next; a->next->prev = a->prev; end_away(a); }
static void *map(void *old, size_t was, size_t n) {
    void *p = old ? mremap(old, was, n, MREMAP_MAYMOVE) : mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}
static void *get_away(ml_arena *s, void *p, size_t n) {
    away *a; const size_t bytes = n < MAPPED ? 0 : (sizeof *a + n + 4095) & ~(size_t)4095;
    if (p) {
        away *old = (away *)p - 1;
        if (bytes && old->mapped) a = map(old, old->mapped, bytes);
        else if (!bytes && !old->mapped) a = realloc(old, sizeof *a + n);
        else if ((a = bytes ? map(NULL, 0, bytes) : malloc(sizeof *a + n))) { memcpy(a, old, sizeof *a + (old->n < n ? old->n : n)); end_away(old); }
        if (!a) return NULL;
        a->prev->next = a; a->next->prev = a;
    }
    else {
        if (!(a = bytes ? map(NULL, 0, bytes) : malloc(sizeof *a + n))) return NULL;
        a->next = s->away.next; a->prev = &s->away; a->next->prev = a; s->away.next = a;
    }
    a->n = n; a->mapped = bytes;
    return a + 1;
}
static void *get(ml_arena *s, int r, size_t n) {
    size_t room; int c; block *b; void *p;
    if (UNLIKELY(n > (s->in_use ? LONGEST_IN_USE : LONGEST))) return get_away(s, NULL, n);
    c = class_of(n, &room);
    if ((b = s->h->free[r][c])) { s->h->free[r][c] = b->next; LEND(b, n); return b; }
    if ((LIKELY(s->in_use || c > 32) || !(p = fill_gap(s, r, room))) && UNLIKELY(!(p = bump(s, r, room)))) return get_away(s, NULL, n);
    LEND(p, n);
    return p;
}
static void let_go(ml_arena *s, void *p, size_t n) {
    if (UNLIKELY(s->closing)) return;                   /* the image brings it back */
    if (LIKELY(is_in(s, p))) {
        int r = region_of(s, p), c; size_t room; block *b = p;
        if (UNLIKELY(r == COLD && s->in_use)) { HIDE(p, n); s->whole = s->collected = 1; return; }
        c = class_of(n, &room);
        LEND(b, sizeof *b);
        b->next = s->h->free[r][c]; s->h->free[r][c] = b;
        HIDE(b + 1, room - sizeof *b);
    }
    else free_away(p);
}

/* A stack that has its last size is about to overflow. Lua collects garbage when a stack is full, and calls `__gc` on that very stack:
 * each call then overflows, which costs some ten milliseconds (the whole stack is moved, twice) and leaves its object without the call.
 * A thousand closed files are half a minute in which the interpreter is held. So while such a stack exists the collector pauses, until
 * the script has got its error or the state has grown by so much that it only runs deep. The job's end ends the pause, too. */
enum { FULL_STACK = (1000000 + 5) * 16, PAUSE_BYTES = 64 * 1024 * 1024 };   /* LUAI_MAXSTACK and EXTRA_STACK values */
static void pause_collector(ml_arena *s, size_t was, size_t n) {
    ml_state *me = s->me;
    if (!(me->gc_stopped & ML_GC_PAUSED)) {
        if (n != FULL_STACK || me->gc_stopped || lua_gc(me->main, LUA_GCSTOP) < 0) return;
        me->gc_stopped = ML_GC_PAUSED;
        s->grown = 0;
        return;
    }
    s->grown += n > was ? n - was : 0;
    if (s->grown <= PAUSE_BYTES && (was < FULL_STACK || n >= FULL_STACK)) return;
    if (!(me->gc_stopped & ML_GC_BY_SCRIPT) && lua_gc(me->main, LUA_GCRESTART) < 0) return;
    me->gc_stopped &= ~ML_GC_PAUSED;
}

/* Lua's allocator. For a new block `was` is the type of the object. */
static void *allocate(void *data, void *p, size_t was, size_t n) {
    ml_arena *s = data; int r; void *q;
    if (!p) {
        if (UNLIKELY(n == 0)) return NULL;
        r = !s->in_use && (was == LUA_TSTRING || was == LUA_TFUNCTION || was == LUA_NUMTYPES + 1 /* compiled code */ || (s->loading && was == 0));
        was = 0;
    }
    else if (n == 0) {
        s->h->used -= was;
        if (UNLIKELY(was == FULL_STACK)) pause_collector(s, was, 0);
        let_go(s, p, was);
        return NULL;
    }
    else {
        r = !s->in_use && is_in(s, p) && region_of(s, p);
        if (UNLIKELY(s->in_use && n == 2 * was && was >= 1024)) s->whole = 1;  /* the table of strings grew: its chains go through the strings */
    }
    if (UNLIKELY(n == FULL_STACK || was == FULL_STACK || s->me->gc_stopped)) pause_collector(s, was, n);
    if (UNLIKELY(n > was && s->h->used + (n - was) > s->limit)) { s->whole = s->collected = 1; return NULL; }     /* Lua collects, and asks again */
    if (p) {
        size_t room, before;
        if (!is_in(s, p)) {
            if (n > SMALL) { if (!(q = get_away(s, p, n))) return NULL; s->h->used += n - was; s->gross += n; return q; }
        }
        else if (n <= LONGEST && class_of(n, &room) == class_of(was, &before)) {
            if (n > was) LEND((char *)p + was, n - was); else HIDE((char *)p + n, was - n);
            s->h->used += n - was;
            return p;
        }
    }
    q = get(s, r, n);
    if (UNLIKELY(!q)) { s->whole = s->collected = 1; return NULL; }
    s->gross += n;
    s->h->used += n - was;
    if (p) { memcpy(q, p, was < n ? was : n); let_go(s, p, was); }
    return q;
}
static void *noting(void *data, void *p, size_t was, size_t n) {
    ml_arena *s = data; void *q = allocate(data, p, was, n);
    if (!p && q) { s->last = q; if (!s->first) { s->first = q; s->first_len = n; } }
    return q;
}

#ifdef ML_SHADED
/* What is free is hidden, and what there is else shown. */
static void show_all(ml_arena *s) { int r; for (r = 0; r < REGIONS; r++) SHOW(region(s, r), s->open[r]); }
static void shade(ml_arena *s) {
    int r, c; const block *b;
    for (r = 0; r < REGIONS; r++) {
        const gap *g = &s->h->gap[r];
        HIDE(region(s, r) + s->h->end[r], s->open[r] - s->h->end[r]);
        HIDE(g->from, (size_t)(g->to - g->from));
        for (c = 1; c < CLASSES; c++)
            for (b = s->h->free[r][c]; b; b = b->next) HIDE(b + 1, (c > 32 ? room_of(c) : (size_t)c * 16) - sizeof *b);
    }
}
#else
#define show_all(s) ((void)0)
#define shade(s) ((void)0)
#endif

/* ---- how this Lua lays out its objects ---- */
static int nothing(lua_State *L) { (void)L; return 0; }
/* The word that points at the list of objects with finalizers is the one that points at a userdata as soon as that has one. */
static void find_finalized(lua_State *L, ml_arena *s) {
    void **words = s->first, **before, **found = NULL, *data; size_t n = s->first_len / sizeof *words, i, at; const void *meta; char *object;
    luaL_checkstack(L, 8, NULL);
    before = lua_newuserdatauv(L, s->first_len, 0);
    lua_newtable(L); lua_pushcfunction(L, nothing); lua_setfield(L, -2, "__gc");
    meta = lua_topointer(L, -1);
    lua_setallocf(L, noting, s);
    data = lua_newuserdatauv(L, 16, 0);
    lua_setallocf(L, allocate, s);
    object = s->last;
    SHOW(words, s->first_len);          /* some of it nothing has ever written */
    memcpy(before, words, s->first_len);
    lua_pushvalue(L, -2); lua_setmetatable(L, -2);
    for (i = 0; i < n; i++)
        if (words[i] == object && before[i] != object) { if (found) return; found = words + i; }
    if (!found) return;
    if (*(void **)object != before[found - words]) return;              /* each object points at the next */
    at = (size_t)((char *)data - object);
    for (i = sizeof(void *); i + sizeof(void *) <= at; i += sizeof(void *))
        if (*(void **)(object + i) == meta) { s->meta_at = i; s->value_at = at; s->kind = (unsigned char)object[sizeof(void *)]; s->finalized = found; }
    lua_pop(L, 3);
}
/* What Lua's own libraries give finalizers to, and which needs no lua_close: files, and the memory of long texts. */
static void know_libraries(lua_State *L, ml_arena *s) {
    luaL_Buffer b; luaL_Stream *file;
    luaL_buffinitsize(L, &b, 4 * LUAL_BUFFERSIZE); luaL_pushresultsize(&b, 0); lua_pop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "_UBOX*"); s->box_meta = lua_topointer(L, -1); lua_pop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_FILEHANDLE); s->file_meta = lua_topointer(L, -1); lua_pop(L, 1);
    lua_getglobal(L, "io"); lua_getfield(L, -1, "open"); lua_pushliteral(L, "/dev/null");
    lua_call(L, 1, 1);
    if ((file = luaL_testudata(L, -1, LUA_FILEHANDLE))) {
        s->closes_file = file->closef;
        lua_getfield(L, -1, "close"); lua_pushvalue(L, -2); lua_call(L, 1, 0);
    }
    lua_pop(L, 2);
}
/* Called when the libraries are open, within a protected call. */
void ml_arena_know(lua_State *L, ml_state *me) {
    find_finalized(L, me->arena);
    lua_settop(L, 1);
    know_libraries(L, me->arena);
}
/* Called when the state is complete but for start-up code. */
void ml_arena_ready(ml_state *me) {
    lua_gc(me->main, LUA_GCCOLLECT);
    if (me->arena->finalized) me->arena->of_libraries = *me->arena->finalized;
}
void ml_arena_limit(ml_state *me, size_t limit) { me->arena->limit = limit; }

/* ---- making and ending ---- */
/* A state in an arena of its own; NULL without memory. */
lua_State *ml_arena_new(ml_state *me) {
    ml_arena *s = calloc(1, sizeof *s); lua_State *L;
    if (!s) return NULL;
    s->me = me; s->limit = SIZE_MAX / 2;
    s->away.next = s->away.prev = &s->away;
    s->base = mmap(NULL, REGIONS * REGION_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (s->base == MAP_FAILED) { free(s); return NULL; }
    if (mprotect(s->base, STEP_BYTES, PROT_READ | PROT_WRITE)) { munmap(s->base, REGIONS * REGION_BYTES); free(s); return NULL; }
    s->open[HOT] = STEP_BYTES;
    s->h = (head *)s->base;
    s->h->end[HOT] = (sizeof(head) + 63) & ~(size_t)63;
    shade(s);
    me->arena = s;
    if ((L = lua_newstate(noting, s))) lua_setallocf(L, allocate, s);
    else ml_arena_free(me);
    return L;
}
static void free_chain(ml_arena *s) {
    while (UNLIKELY(s->away.next != &s->away)) { away *a = s->away.next; s->away.next = a->next; end_away(a); }
    s->away.prev = &s->away;
}
/* Frees the memory of a state that is closed. */
void ml_arena_free(ml_state *me) {
    ml_arena *s = me->arena;
    if (!s) return;
    free_chain(s);
    show_all(s);
    free(s->image[HOT]); free(s->image[COLD]);
    munmap(s->base, REGIONS * REGION_BYTES);
    free(s);
    me->arena = NULL;
}
size_t ml_arena_used(const ml_state *me) { return me->arena->h->used; }
void ml_arena_loading(ml_state *me, int yes) { me->arena->loading = yes && !me->arena->in_use; }
/* A class has got its metatable. */
void ml_arena_bound(ml_state *me, const mi_class *klass) { me->arena->wanted[klass->id] = klass; me->bound = me->arena->in_use; }
/* The use writes, or may write, to what it otherwise only reads. */
void ml_arena_touched(ml_state *me) { me->arena->whole = 1; }
void ml_arena_collected(ml_state *me) { me->arena->whole = me->arena->collected = 1; }

/* ---- the image ---- */
/* n is a multiple of 64. */
static void copy(char *to, const char *from, size_t n) {
    typedef long long words __attribute__((vector_size(16), aligned(16)));
    const words *f = (const words *)from; words *t = (words *)to, *end = (words *)(to + n);
    while (t < end) { words a = f[0], b = f[1], c = f[2], d = f[3]; t[0] = a; t[1] = b; t[2] = c; t[3] = d; t += 4; f += 4; }
}
static int p_prepare(lua_State *L) {
    ml_state *me = lua_touserdata(L, 1); int i; const mi_class *const *wanted = me->arena->wanted; const ml_world *world = lua_touserdata(L, 2);
    if (world && world != me->world) ml_switch_world(L, me, world);
    for (i = 0; i < ML_CLASSES; i++) if (wanted[i] && !me->meta[i]) ml_bind_class(L, me, wanted[i]);
    return 0;
}
/* No collection begins before nine times what there is now was allocated. */
static void calm_down(ml_arena *s, lua_State *L) {
    lua_gc(L, LUA_GCINC, 0, 0, 0);
    lua_gc(L, LUA_GCCOLLECT); lua_gc(L, LUA_GCSETPAUSE, 1000); lua_gc(L, LUA_GCCOLLECT); lua_gc(L, LUA_GCSETPAUSE, 200);
    s->calm = ((size_t)lua_gc(L, LUA_GCCOUNT) << 10) * 8;
}
/* A free block's first word belongs to its list. */
static void leave_out(ml_arena *s, const char *p, size_t n) {
    size_t from = ((size_t)(p - s->base) + sizeof(block) + 63) & ~(size_t)63, to = (size_t)(p - s->base + n) & ~(size_t)63; int i;
    if (s->spans == SPANS || to <= from) return;
    for (i = s->spans++; s->span[i - 1].from > from; i--) s->span[i] = s->span[i - 1];
    s->span[i].from = to; s->span[i].to = s->span[i - 1].to;
    s->span[i - 1].to = from;
}
static void find_spans(ml_arena *s) {
    int c; const block *b;
    s->span[0].from = 0; s->span[0].to = s->len[HOT]; s->spans = 1;
    leave_out(s, s->h->gap[HOT].from, (size_t)(s->h->gap[HOT].to - s->h->gap[HOT].from));
    for (c = CLASSES - 1; c > 32; c--)
        for (b = s->h->free[HOT][c]; b; b = b->next) leave_out(s, (const char *)b, room_of(c));
}
static const char *take(ml_state *me, ml_arena *s, const ml_world *world) {
    lua_State *L = me->main; int r;
    if (lua_checkstack(L, 4)) {
        lua_pushcfunction(L, p_prepare); lua_pushlightuserdata(L, me); lua_pushlightuserdata(L, (void *)world);
        if (lua_pcall(L, 2, 0, 0)) lua_pop(L, 1);
    }
    calm_down(s, L);
    if (!s->finalized) return "this Lua does not show its objects with finalizers";
    if (*s->finalized != s->of_libraries) return "it keeps objects that are to be finalized: an open file, objects of a module in C, a table with __gc";
    if (s->away.next != &s->away) return "it keeps more than 64 MB";
    for (r = 0; r < REGIONS; r++) {
        size_t n = (s->h->end[r] + 63) & ~(size_t)63;
        if (n > s->open[r] && !bump(s, r, n - s->h->end[r])) return "it keeps more than 64 MB";
        s->h->end[r] = n;
    }
    for (r = 0; r < REGIONS; r++) {
        size_t n = s->h->end[r];
        if (n > s->len[r] || n < s->len[r] / 2) {
            char *made = aligned_alloc(64, n ? n : 64);
            if (!made) return "there is no memory for its image";
            free(s->image[r]);
            s->image[r] = made;
        }
        s->len[r] = n;
    }
    show_all(s);
    for (r = 0; r < REGIONS; r++) copy(s->image[r], region(s, r), s->len[r]);
    shade(s);
    s->of_image = *s->finalized;
    find_spans(s);
    me->stale = me->bound = 0;
    ml_keep_locale(me);
    s->saved = *me;
    return NULL;
}
/* Sees to it that the image is what the state is, about to run a script of this world. Why no image can be taken, so that the state has to
 * be closed after a use; NULL: it is there. */
const char *ml_image(ml_state *me, const ml_world *world) {
    const char *why;
    if (LIKELY(!me->stale)) return NULL;
    if ((why = take(me, me->arena, world))) me->stale = 1;
    return why;
}
static uint64_t mix(uint64_t *x) {      /* splitmix64 */
    uint64_t z = (*x += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u; z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}
/* A use begins: in a state as its image is, or in one that is never put back. It has random numbers of its own. */
void ml_begin(ml_state *me) {
    ml_arena *s = me->arena; int i;
    s->in_use = 1; s->gross = 0;
    if (UNLIKELY(s->forks != ml_process())) { s->forks = ml_process(); ml_random_bytes(&s->seed, sizeof s->seed); }
    if (LIKELY(me->sequence != NULL)) {
        for (i = 0; i < 4; i++) me->sequence->n[i] = mix(&s->seed);
        me->sequence->n[0] |= 1;                        /* never all zero */
        me->seeded_in = ml_process();
    }
    me->seeded = 0;
}
static const void *meta_of(const ml_arena *s, const char *o) {
    return (unsigned char)o[sizeof(void *)] == s->kind ? *(void *const *)(o + s->meta_at) : NULL;
}
/* Whether it was closed, or is. */
static int close_file(ml_arena *s, char *o) {
    luaL_Stream *file = (luaL_Stream *)(o + s->value_at);
    if (file->closef && file->closef != s->closes_file) return 0;
    if (file->closef && file->f) { file->closef = NULL; fclose(file->f); }
    return 1;
}
/* Closes what the use has opened; whether lua_close has to do it. */
static int must_close(ml_arena *s) {
    char *o;
    if (UNLIKELY(s->collected || s->gross > s->calm)) return 1;
    for (o = *s->finalized; UNLIKELY(o != s->of_image); o = *(char **)o) {
        const void *meta = meta_of(s, o);
        if (!meta || (meta != s->box_meta && (meta != s->file_meta || !close_file(s, o)))) return 1;
    }
    return 0;
}
static void *noting_late(void *data, void *p, size_t was, size_t n) {
    ml_arena *s = data; void *q = allocate(s, p, was, n);
    if (!p && was == LUA_TUSERDATA && q) s->late = q;
    return q;
}
/* Closes the state, which stays in memory as it was. What a finalizer opens in a state that is being closed has none of its own: such
 * files are found from the youngest userdata on, since each object points at the one made before it. */
static void close_state(ml_state *me, ml_arena *s) {
    char *o;
    s->closing = 1; s->late = NULL;
    lua_setallocf(me->main, noting_late, s);
    lua_close(me->main);
    s->closing = 0;
    show_all(s);
    for (o = s->late; UNLIKELY(o != NULL); o = *(char **)o)
        if (meta_of(s, o) == s->file_meta && s->file_meta) close_file(s, o);
}
/* The use is over: what it opened is closed, and the state is as nobody has used it. */
void ml_put_back(ml_state *me) {
    ml_arena *s = me->arena; int i, closed = must_close(s);
    if (UNLIKELY(closed)) close_state(me, s);
    ml_settle(me, 0);
    if (UNLIKELY(me->locale != me->image_locale)) ml_end_locale(me, 0);
    free_chain(s);
    show_all(s);
    if (UNLIKELY(s->h->end[HOT] > s->len[HOT] + KEPT_PAGES)) {
        size_t from = (s->len[HOT] + KEPT_PAGES + 4095) & ~(size_t)4095;
        if (from < s->h->end[HOT]) madvise(s->base + from, s->h->end[HOT] - from, MADV_DONTNEED);
    }
    for (i = 0; i < s->spans; i++) copy(s->base + s->span[i].from, s->image[HOT] + s->span[i].from, s->span[i].to - s->span[i].from);
    if (UNLIKELY(closed || s->whole || s->gross > s->calm)) copy(region(s, COLD), s->image[COLD], s->len[COLD]);
    shade(s);
    s->whole = s->collected = s->in_use = 0;
    if (UNLIKELY(me->bound)) s->saved.stale = 1;
    *me = s->saved;
}
/* The state is never put back: it collects as one that lives long. */
void ml_stay(ml_state *me) {
    ml_arena *s = me->arena; int r;
    for (r = 0; r < REGIONS; r++) { free(s->image[r]); s->image[r] = NULL; s->len[r] = 0; }
    lua_gc(me->main, LUA_GCGEN, 0, 0);  /* What a request leaves is young; to go over what is not was a fifth of an echo's instructions. */
}
#else
/* What a state is called for that cannot be put back. */
const char *ml_image(ml_state *me, const ml_world *world) { (void)me; (void)world; return "LuaJIT keeps compiled code outside of its memory"; }
void ml_begin(ml_state *me) { me->seeded = 1; }
void ml_put_back(ml_state *me) { (void)me; }
void ml_stay(ml_state *me) { (void)me; }
#endif
