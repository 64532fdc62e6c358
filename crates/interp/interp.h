/* What both doors (Perl's xsub.c, Lua's door.c) share with crates/interp: the repr(C) half of Class, Param, Row, Val, Call, Home and the two tables of functions.
 * Names no engine. src/layout.rs asserts that every offset agrees with the Rust side. */
#ifndef INTERP_H
#define INTERP_H
#include <stddef.h>
#include <stdint.h>

enum mi_kind {
    MI_NONE,    /* left out; as a result: nothing at all */
    MI_UNDEF,   /* given, but undef or nil */
    MI_INT, MI_NUM, MI_BOOL, MI_BYTES,
    MI_OBJ,     /* u.p the C object, a.klass its class; of an argument: a.cursor the object's own position */
    MI_ANY,     /* u.p the engine's own value */
    MI_CODE,    /* parameter: code, or the name of a sub. The value's tag is then MI_CODE (u.p) or MI_BYTES (the name); with elem MI_BYTES
                 * any string will do */
    MI_OUT,     /* a buffer: u.p the engine's, a.len the bytes in it */
    MI_REST,    /* parameter only: the remaining arguments, each of kind `elem`, are in call.rest */
    MI_WANT,    /* parameter only: takes no argument of the script. With elem MI_AUTOFLUSH: its value is MI_BOOL, whether the selected
                 * output handle flushes itself (Perl's $|). With elem MI_PLACE: MI_BYTES, the file of the calling line, and in gen its
                 * number; they live as long as the code that calls. With elem MI_ANY: the argument before it, as MI_ANY, if that is a variable that
                 * has a text and may get another. Else nothing is put there */
    MI_NAME,    /* the class a class method was called on (an object's: its class) */
    MI_LIST,    /* result: u.p is an array of a.len mi_val, pushed as a list */
    MI_DUAL,    /* result: text (u.s, a.len) with the integer (int32_t)gen */
    MI_KEPT,    /* u.p a counted value of the engine; with MI_OWNED the count goes to the receiver */
    MI_THIS,    /* result: the invocant itself */
    MI_ARRAY,   /* result: as MI_LIST, but a reference to a new array */
    MI_HASH,    /* result: as MI_LIST, but a reference to a new hash: keys (MI_BYTES) and values alternate. In the result of a row that only
                 * Lua has, a key may be MI_INT. Lists, arrays and hashes may hold arrays and hashes, to any depth */
    MI_CODES,   /* parameter: code, a name, an array of those, or undef. The value: u.p is an array of a.len mi_val, each MI_CODE or MI_BYTES,
                 * MI_TRUE if the script passed an array; undef: tag MI_UNDEF */
    MI_AUTOFLUSH, MI_PLACE,     /* elem of MI_WANT only */
    MI_FIELDS,      /* parameter: a table (hash). The value: u.p is an array of a.len mi_val, names (MI_BYTES) and values (as of MI_PLAIN)
                     * alternating; an entry whose name or value is none of these is left out. What is no table is taken as MI_PLAIN */
    MI_PLAIN        /* parameter: a string, number, boolean or nil. The value's tag is MI_BYTES, MI_INT, MI_NUM, MI_BOOL or MI_UNDEF */
};
enum { MI_TAINTED = 1, MI_OWNED = 2, MI_TRUE = 4, MI_HOLDS = 8, MI_REF = 16, MI_FIRST = 32 };   /* mi_val.flags; MI_TRUE: what a callback returned is true; MI_HOLDS: the new object
                                                                     * keeps the object of argument args[pad] alive (a pool the script made);
                                                                     * MI_REF: a reference to the result, where the engine has such;
                                                                     * MI_FIRST: of a list the first value alone, where one is asked for */
enum { MI_F_REENTERS = 1, MI_F_CURRENT = 2, MI_F_ENDING = 4, MI_F_LOOSE = 8, MI_F_ANYWHERE = 32 };  /* mi_row.flags; ENDING (DESTROY): does nothing, in silence, when the
                                                                 * invocant's owner is gone, or runs without a nullable one; LOOSE: what is no such object is not the invocant
                                                                 * (MI_UNDEF) but the first argument. A nullable invocant of another row is
                                                                 * MI_UNDEF for the name of its class. ANYWHERE: plain values in, plain values out,
                                                                 * and no home: Perl may call it on any interpreter */
enum { MI_BAD_TYPE = 1, MI_BAD_CLASS, MI_BAD_GONE, MI_BAD_COUNT, MI_BAD_READONLY };
enum { MI_MANY = 255 };                                         /* mi_row.max: no upper bound */
enum { MI_LONG = 32768 };                                       /* a row whose MI_REST reenters has done with shorter strings before code runs: only
                                                                 * longer ones need be held */
enum { MI_ARGS = 8 };
enum { MI_WANT_VOID, MI_WANT_ONE, MI_WANT_LIST };               /* mi_call.want */
enum { MI_ERR_TEXT, MI_ERR_STATUS, MI_ERR_SCRIPT, MI_ERR_EXIT };

typedef struct { uint32_t gen; } mi_slot;                       /* read with acquire; differs from the ticket's: its owner is gone */
typedef struct { const char *name; size_t name_len; uint32_t id; uint32_t shape; } mi_class;    /* id from 1, once registered; shape 1: tied hash */
typedef struct {
    const mi_class *klass;
    uint8_t kind, optional, elem, reenters;
    uint8_t nullable;                                           /* undef is passed on as MI_UNDEF */
} mi_param;

typedef struct {
    uint8_t tag, flags; uint16_t pad; uint32_t gen;
    union { int64_t i; double n; void *p; const char *s; } u;
    union { size_t len; const mi_class *klass; uint32_t *cursor; } a;
    const mi_slot *slot;                                        /* with gen: the owner's ticket. NULL: none */
} mi_val;

typedef struct { const mi_param *params; uint8_t nparams, min, max, flags, has_this; } mi_row;  /* head of a Row: never an array of these */
typedef struct mi_home mi_home;
typedef struct {                                                /* read-only while Rust runs */
    const mi_row *row; const mi_home *home; void *ctx;
    uint8_t want, argc;                                         /* argc: what the script passed, the invocant included */
    const mi_val *rest; size_t nrest;
    mi_val args[MI_ARGS];                                       /* one per parameter, MI_WANT ones included; args[0].slot and .gen are always set */
} mi_call;

/* The engine's side: what values can be asked to do. No function here lets an error escape. */
typedef struct {
    int  (*call)(void *ctx, const mi_val *code, const mi_val *args, size_t n, mi_val *ret);     /* code: MI_CODE, MI_BYTES, MI_KEPT. 0 ret is MI_INT with MI_TRUE, or
                                                                                                 * MI_BYTES, good until the door is left, if ret->tag was that, or what MI_PLAIN has (MI_NONE for anything else), if it was that; 1 ret is the exception, MI_KEPT and ours; 2 exit(ret->u.i) */
    void (*keep)(void *ctx, const mi_val *v, mi_val *kept);     /* MI_ANY, MI_CODE, MI_BYTES: kept becomes MI_KEPT, counted */
    int  (*put)(void *ctx, mi_val *out, size_t at, const char *s, size_t n);                    /* out: a MI_OUT argument; its a.len is brought up to date. 0 or 1: the buffer was changed meanwhile */
    char *(*room)(void *ctx, mi_val *out, size_t at, size_t n);                                 /* out: as put. n bytes to be written behind the first at, padded; NULL: changed
                                                                                                 * meanwhile. They lie where no script reaches them, so code may run, until fill */
    int  (*fill)(void *ctx, mi_val *out, size_t end);                                           /* after room, always: the variable holds the bytes up to end. 0 or 1: as put */
    void *(*bag)(void *ctx);                                    /* new hash: a counted reference */
    int  (*bag_set)(void *ctx, void *bag, const char *k, size_t n, void *kept);                 /* takes kept */
    void *(*bag_get)(void *ctx, void *bag, const char *k, size_t n);                            /* counted, or NULL */
    void *(*find)(void *ctx, const char *name, size_t n);                                       /* the code of a handler's name, its module loaded: counted, or NULL */
    const char *(*text)(void *ctx, void *v, size_t *n);                                         /* v: of a MI_KEPT. Its text, good until code runs; NULL: it has none, or code would have to run */
    int  (*bag_move)(void *ctx, void *bag, const mi_home *other, void *other_bag, const char *k, size_t n, int drop);  /* NULL: an interpreter is one home. If `other` is
                                                                                                 * of the same interpreter: the value under k (NULL: all) goes from its bag to bag, copied, or is only taken away. 0;
                                                                                                 * 1 no memory; 2 a value that cannot be copied, which stays there */
} mi_ops;
struct mi_home {
    const mi_ops *ops; void *ctx;
    uint32_t drops;                                             /* not 0: mi_drop_next has something (a hint: another thread may set it) */
};
/* What others left in an interpreter's drop box: a counted value to free; with `call`, first called (argument: arg or none), and arg freed too;
 * with `apart`, inside `mi_apart`. */
typedef struct { void *value, *arg; uint8_t call, apart; } mi_drop;

typedef struct { uint32_t forks, ours; } mi_process;                    /* differ: a script forked this process */

/* The Rust side, src/door.rs: a table handed over at start, so that the module exports none of it. */
typedef struct {
    int    (*enter)(const mi_call *c, mi_val *ret, void **err);         /* 0 result, 1 raise */
    void   (*done)(mi_val *ret);                                        /* frees what a result with MI_OWNED (bytes, list, array, hash) owned */
    int    (*err)(const void *err, const char **s, size_t *n, int64_t *code, void **kept);      /* MI_ERR_*; s, n: text or function; code: status or exit; kept: the exception */
    void   (*err_done)(void *err);
    size_t (*status_text)(int64_t status, char *buf, size_t n);         /* what a status code means */
    size_t (*bad)(const mi_row *row, int param, int argno, int why, const mi_class *k, char *buf, size_t n);   /* writes the message of an argument error */
    int    (*current)(const mi_class *k, mi_val *v);                    /* Runtime::current: 0 and an MI_OBJ, or 1 */
    int    (*drop_next)(const mi_home *h, mi_drop *d);                  /* 1 and an entry, or 0. Only whoever holds the interpreter asks */
    int    (*adopt)(const mi_class *k, mi_val *v);                      /* Runtime::adopt: 0 and slot, gen for an object that carries no ticket, or 1 */
    void   (*apart)(int by);                                            /* 1: what runs now on this thread is about no request; -1: it has ended */
    const mi_slot *slots;                                               /* slot 0 lives for ever */
    const mi_process *process;
} mi_rust;
extern const mi_rust *MI_RUST;                                          /* each engine's shim defines its own, static or not, under this name or by a macro */
#define mi_enter MI_RUST->enter
#define mi_done MI_RUST->done
#define mi_err MI_RUST->err
#define mi_err_done MI_RUST->err_done
#define mi_status_text MI_RUST->status_text
#define mi_bad MI_RUST->bad
#define mi_current MI_RUST->current
#define mi_drop_next MI_RUST->drop_next
#define mi_adopt MI_RUST->adopt
#define mi_apart MI_RUST->apart
#define mi_is_forked() (MI_RUST->process->forks != MI_RUST->process->ours)
#endif
