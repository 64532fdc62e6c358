/* What the shim's files share: one record per state, and how a job comes back. Rust's half is src/ffi.rs. */
#ifndef ML_SHIM_H
#define ML_SHIM_H
#include <locale.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define MI_RUST ml_rust
#include "interp.h"
#include "compat.h"

#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LIKELY(x) __builtin_expect(!!(x), 1)

/* A row under its name in Lua. `field`: an accessor, read and set without a call. */
typedef struct { const char *name; size_t len; const mi_row *row; int field; } ml_row;
/* A class with all its rows, those it inherits included; klass is NULL for a package without objects. `module`: its name with dots. */
typedef struct { const char *name, *module; const mi_class *klass, *parent; const ml_row *rows; size_t nrows; } ml_class;
/* A constant: `text` or a number; `set` is its package's name. `is_first`: of those of its name. */
typedef struct { const char *set, *name, *text; size_t text_len; int64_t number; int is_first; } ml_const;
typedef struct {
    const ml_class *classes; size_t nclasses;
    const ml_const *consts; size_t nconsts;
} ml_tables;
extern const ml_tables *ml_bound;

/* The numbers of a state's random generator. */
typedef struct { uint64_t n[4]; } ml_sequence;

typedef struct ml_state ml_state;
/* What C asks of Rust (src/host_calls.rs). None of them raises. */
typedef struct {
    /* Finds the compiled chunk of a module's file. Returns 0 and a reference, or 1 and a message that is good until the next call. */
    int (*load)(void *host, const char *path, size_t n, int *ref, const char **err, size_t *len);
    /* Finds the function that a handler's name stands for; returns as load does. */
    int (*find)(void *host, const char *name, size_t n, int *ref, const char **err, size_t *len);
    /* Tells that a script made a global where none should be. */
    void (*leak)(void *host, const char *text, size_t n);
    /* Tells that a script printed to STDOUT. */
    void (*printed)(void *host);
    /* Whether a home is one of the same slot. */
    int (*is_near)(void *host, const mi_home *home);
} ml_host;

/* package.loaded, path and cpath of one script directory: references. */
typedef struct { int loaded, path, cpath; } ml_world;

enum { ML_CLASSES = 192, ML_OWED = 8, ML_PLACE = LUA_IDSIZE + 16 };
/* Memory of Rust's or malloc's that is freed when pushing the result raises instead of returning. */
typedef struct { uint8_t kind; void *p; mi_val v; } ml_owed;
enum { ML_OWED_VAL, ML_OWED_ERR, ML_OWED_MALLOC };

enum { ML_GC_BY_SCRIPT = 1, ML_GC_PAUSED = 2 };
typedef struct ml_arena ml_arena;
/* LuaJIT's allocator, what it has given, and what it may give. `holds`: the limit does, which is so while Lua's code runs protected and no
 * Rust is between: even lua_pushcfunction allocates there, and an error would go through Rust's frames. */
typedef struct { lua_Alloc own; void *data; size_t used, limit; int holds; } ml_heap;
struct ml_state {
    mi_home *home;
    lua_State *L, *main;                /* L: the thread that runs */
#if ML_ARENAS
    ml_arena *arena;                    /* the memory of the state */
#else
    ml_heap heap;
#endif
    void *rust; const ml_host *host;
    const ml_world *world;              /* the one that is switched in; NULL at first */
    const char *refusal;                /* why C modules are refused; NULL: they are not */
    int package, require, loaded;       /* references: package, require, first package.loaded */
    int depth;                          /* jobs within jobs */
    int stale, bound;                   /* the image is to be taken anew; a use has made metatables that the image does not have */
    int watch, in_chunk, at_start, gc_stopped;      /* gc_stopped: ML_GC_... */
    int leaving; int64_t exit_status;   /* os.exit was called */
    char left_at[ML_PLACE];             /* where */
    int randomseed; ml_sequence *sequence;      /* reference to Lua's own; NULL: its numbers are not to be seen (LuaJIT) */
    int seeded; uint32_t seeded_in;     /* a script has called math.randomseed; the process in which the state was seeded (ml_process) */
    locale_t locale, image_locale;      /* what a script has set by os.setlocale, or NULL; that of the image, which is not freed with it */
    int warns, warn_goes_on;            /* warn("@on") was called; the last piece of a warning was not its end */
    int nowed; ml_owed owed[ML_OWED];
    int meta[ML_CLASSES];               /* metatable by class id; 0: not made yet */
};

/* An object as a script holds it. */
typedef struct { const void *cookie; void *ptr; const mi_class *klass; const mi_slot *slot; uint32_t gen, cursor; } ml_box;
extern const char ml_box_cookie, ml_exit_cookie, ml_state_key;

enum { ML_OK, ML_DIED, ML_EXIT, ML_NO_FUNCTION, ML_MEMORY };
/* How a job came back (`Out` in Rust). Its text lies on the Lua stack until ml_done. */
typedef struct {
    int tag, truth, is_number, is_wild, yielded;
    int64_t number;
    const char *text; size_t text_len;
    int ref, top;
    int is_kept;                        /* the text is a string that `ref` keeps */
} ml_out;

enum {
    ML_CHUNK = 1,           /* the chunk runs */
    ML_CALL = 2,            /* then its global `name` is called */
    ML_FUNCTION = 4,        /* instead of a chunk: the function `chunk` is called */
    ML_COROUTINE = 8,       /* the function becomes a coroutine (out.ref), run to its first yield */
    ML_RESUME = 16,         /* the coroutine `chunk` goes on; `name` is its bucket, NULL: nil */
    ML_KEEP_RESULT = 32,    /* out.ref: the function that the chunk returned */
    ML_FIND = 64,           /* out.ref: the function, which is not called */
    ML_KEEP_LONG = 128      /* with ML_RESUME: a long text stays where it is, and is kept */
};
enum { ML_LONG = 8192 };
enum { ML_LOADED, ML_LOAD, ML_REQUIRE };    /* ml_resolve: what may be loaded; ML_REQUIRE: the name is a module's, and nothing is looked for in it */
/* What is to be done in one protected call (`Job` in Rust). */
typedef struct {
    int what, chunk;                    /* chunk: a reference */
    const char *name; size_t name_len;  /* global function; with ML_RESUME the bucket */
    const mi_val *args; size_t nargs;
    const ml_world *world;              /* NULL: as it is */
    ml_out *out;
    ml_state *me;
} ml_job;

/* A chunk to load (`Source` in Rust): text in two pieces, or what was dumped. */
typedef struct {
    const char *name;                   /* as lua_load has it: @file */
    const char *s[2]; size_t n[2];
    int binary;
    int ref;                            /* the function */
    char *dump; size_t dump_len, dump_cap;      /* of text: compiled, malloc'd */
} ml_source;

/* door.c */
void ml_push(lua_State *L, ml_state *me, const mi_val *v);
int ml_door(lua_State *L);
int ml_meta_door(lua_State *L);
int ml_pairs_door(lua_State *L);
int ml_index(lua_State *L);
int ml_own_index(lua_State *L);
int ml_newindex(lua_State *L);
void ml_drain(ml_state *me, mi_home *home);
void ml_settle(ml_state *me, int to);
extern const mi_ops ml_ops;
/* bind.c */
void ml_bind_class(lua_State *L, ml_state *me, const mi_class *klass);
void ml_open_classes(lua_State *L, ml_state *me);
/* run.c */
int ml_leave(lua_State *L, ml_state *me, int64_t status);
int ml_text(lua_State *L, int i);
void ml_switch_world(lua_State *L, ml_state *me, const ml_world *w);
/* bits.c */
void ml_open_bits(lua_State *L);
/* text.c */
void ml_open_text(lua_State *L);
/* random.c */
void ml_open_random(lua_State *L, ml_state *me);
void ml_random_bytes(void *to, size_t n);
void ml_begin_random(ml_state *me, ml_sequence *outer);
void ml_end_random(ml_state *me, int was_seeded, const ml_sequence *outer);
/* locale.c */
extern int ml_locales;                  /* locales of states that there are in the process */
void ml_open_locale(lua_State *L, ml_state *me);
locale_t ml_begin_locale(const ml_state *me);
void ml_keep_locale(ml_state *me);
void ml_end_locale(ml_state *me, int for_good);
/* A number that a process has in common with none that it was forked from; never 0. */
static inline uint32_t ml_process(void) { return ml_rust->process->forks + 1; }
static inline int ml_must_seed(const ml_state *me) { return me->seeded || me->seeded_in != ml_process(); }
/* arena.c */
#if ML_ARENAS
lua_State *ml_arena_new(ml_state *me);
void ml_arena_limit(ml_state *me, size_t limit);
void ml_arena_know(lua_State *L, ml_state *me);
void ml_arena_ready(ml_state *me);
void ml_arena_free(ml_state *me);
size_t ml_arena_used(const ml_state *me);
void ml_arena_loading(ml_state *me, int yes);
void ml_arena_bound(ml_state *me, const mi_class *klass);
void ml_arena_touched(ml_state *me);
void ml_arena_collected(ml_state *me);
#else
#define ml_arena_loading(me, yes) (void)(me)
#define ml_arena_bound(me, klass) (void)(me)
#define ml_arena_touched(me) (void)(me)
#define ml_arena_collected(me) (void)(me)
#endif
/* base.c */
void ml_open_base(lua_State *L, ml_state *me);
int ml_call_original(lua_State *L);
/* Says whether the limit holds from now on; gives what was said before. */
static inline int ml_limit_holds(ml_state *me, int yes) {
#if ML_ARENAS
    (void)me;
    return yes;
#else
    int before = me->heap.holds;
    me->heap.holds = yes;
    return before;
#endif
}
/* Whether garbage has to go before the next call: LuaJIT does not collect when an allocation fails, as Lua 5.4 does. */
static inline int ml_is_nearly_full(const ml_state *me) {
#if ML_ARENAS
    (void)me;
    return 0;
#else
    return me->heap.used > me->heap.limit - me->heap.limit / 4;
#endif
}
/* The state that runs, in functions of ours that have it as an upvalue. */
static inline ml_state *ml_me(lua_State *L, int upvalue) {
#if ML_UPVALUE_ENV
    (void)upvalue;
    return *(ml_state **)lua_getextraspace(L);          /* threads inherit it */
#else
    return lua_touserdata(L, lua_upvalueindex(upvalue));
#endif
}
static inline ml_box *ml_boxed(lua_State *L, int i) {
    ml_box *b = lua_touserdata(L, i);
    return b && lua_rawlen(L, i) == sizeof *b && b->cookie == &ml_box_cookie ? b : NULL;
}
#endif
