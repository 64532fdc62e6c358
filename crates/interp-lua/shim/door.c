/* Out of Lua: the one C function behind every row. It fetches by the row's parameters, enters Rust, and pushes or raises when Rust
 * has returned. Below it what crates/interp asks of values (`mi_ops`). bind.c binds it; `mi_enter` is crates/interp's door.rs. */
#include "shim.h"
#include <ctype.h>
#include <stdio.h>

const char ml_box_cookie, ml_exit_cookie, ml_state_key;
const mi_rust *ml_rust;

/* Arguments that are lent (MI_ANY, MI_CODE) are named by their place on the stack of the door's frame, everything kept by its
 * reference in the registry. One number says which: places are far below the references luaL_ref makes, -2 and up. */
enum { PLACE = -100 };
#define OF_PLACE(i) ((void *)(intptr_t)(PLACE - (i)))
#define OF_REF(r) ((void *)(intptr_t)(r))
static void push_lent(lua_State *L, const void *p) {
    intptr_t n = (intptr_t)p;
    if (n <= PLACE) lua_pushvalue(L, (int)(PLACE - n)); else lua_rawgeti(L, LUA_REGISTRYINDEX, (int)n);
}

/* ---- values into Lua ---- */
static void push_object(lua_State *L, ml_state *me, const mi_val *v, int values) {
    ml_box *b = ml_new_box(L, sizeof *b, values);
    const mi_class *k = v->a.klass;
    b->cookie = &ml_box_cookie; b->ptr = v->u.p; b->klass = k; b->slot = v->slot; b->gen = v->gen; b->cursor = 0;
    if (UNLIKELY(k->id >= ML_CLASSES)) luaL_error(L, "too many classes");
    if (UNLIKELY(!me->meta[k->id])) ml_bind_class(L, me, k);
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->meta[k->id]);
    lua_setmetatable(L, -2);
    (void)values;
}
static void push_many(lua_State *L, ml_state *me, const mi_val *v) {
    const mi_val *l = v->u.p; size_t i, n = v->a.len;
    luaL_checkstack(L, 4, NULL);
    if (v->tag == MI_HASH) {
        lua_createtable(L, 0, (int)(n / 2));
        for (i = 0; i + 1 < n; i += 2) { ml_push(L, me, l + i); ml_push(L, me, l + i + 1); lua_rawset(L, -3); }
    } else {
        lua_createtable(L, (int)n, 0);
        for (i = 0; i < n; i++) { ml_push(L, me, l + i); lua_rawseti(L, -2, (int)i + 1); }
    }
}
/* Pushes one value. The memory that the value owns is freed by whoever has the whole result. */
void ml_push(lua_State *L, ml_state *me, const mi_val *v) {
    switch (v->tag) {
    case MI_INT: lua_pushinteger(L, (lua_Integer)v->u.i); break;
    case MI_NUM: lua_pushnumber(L, v->u.n); break;
    case MI_BOOL: lua_pushboolean(L, (int)v->u.i); break;
    case MI_BYTES: lua_pushlstring(L, v->u.s, v->a.len); break;
    case MI_OBJ: push_object(L, me, v, 0); break;
    case MI_DUAL: lua_pushinteger(L, (int32_t)v->gen); break;
    case MI_LIST: case MI_ARRAY: case MI_HASH: push_many(L, me, v); break;
    case MI_ANY: case MI_CODE: push_lent(L, v->u.p); break;
    case MI_KEPT:
        push_lent(L, v->u.p);
        if (v->flags & MI_OWNED) luaL_unref(L, LUA_REGISTRYINDEX, (int)(intptr_t)v->u.p);
        break;
    default: lua_pushnil(L);
    }
}

/* ---- what must be freed if pushing a result raises ---- */
static int owe(ml_state *me, int kind, void *p, const mi_val *v) {
    int at = me->nowed;
    if (at < ML_OWED) {
        me->owed[at].kind = (uint8_t)kind; me->owed[at].p = p;
        if (v) me->owed[at].v = *v;
        me->nowed = at + 1;
    }
    return at;
}
/* Frees the debts above `to`, which were left by a call that raised instead of returning. */
void ml_settle(ml_state *me, int to) {
    while (me->nowed > to) {
        ml_owed *o = &me->owed[--me->nowed];
        if (o->kind == ML_OWED_VAL) mi_done(&o->v);
        else if (o->kind == ML_OWED_ERR) mi_err_done(o->p);
        else free(o->p);
    }
}
/* The debt at `at` is settled: its value was pushed, and the caller frees it. */
static void paid(ml_state *me, int at) {
    if (at >= ML_OWED) return;
    if (UNLIKELY(me->nowed > at + 1)) ml_settle(me, at + 1);
    me->nowed = at;
}

/* ---- errors ---- */
/* The name under which scripts have the row. */
static const ml_row *bound(const mi_row *row) {
    static const ml_row unknown = { "?", 1, NULL, 0 };
    const ml_class *c = ml_bound->classes, *end = c + ml_bound->nclasses; size_t i;
    for (; c < end; c++)
        for (i = 0; i < c->nrows; i++)
            if (c->rows[i].row == row) return c->rows + i;
    return &unknown;
}
/* Pushes the name of a class as Lua has it, with dots. */
static const char *dotted(lua_State *L, const mi_class *k) {
    lua_pushlstring(L, k->name, k->name_len);
    return luaL_gsub(L, lua_tostring(L, -1), "::", ".");
}
static const char *expected(lua_State *L, const mi_row *row, int i, const mi_class *k) {
    const mi_param *p = row->params + i; int kind = i < row->nparams ? p->kind == MI_REST ? p->elem : p->kind : MI_NONE;
    if (k || kind == MI_OBJ) return k ? dotted(L, k) : "object";
    switch (kind) {
    case MI_INT: return "integer";
    case MI_NUM: return "number";
    case MI_BYTES: return "string";
    case MI_CODE: return "function or the name of one";
    case MI_CODES: return "string, function or table";
    case MI_NAME: return "class";
    case MI_FIELDS: return "table";
    case MI_PLAIN: return "string, number or boolean";
    default: return "other type";
    }
}
static const char *given(lua_State *L, int i) {
    ml_box *b = ml_boxed(L, i);
    if (b) return dotted(L, b->klass);
    return lua_isnone(L, i) ? "no value" : luaL_typename(L, i);
}
/* What is wrong with the value at `at` of the stack, in the words that Lua has for it: the function as the script calls it, the argument's
 * number, behind the object if there is one (self), and its name. */
static int bad(lua_State *L, const mi_row *row, int i, int at, int self, int why, const mi_class *k) __attribute__((noinline, cold));
static int bad(lua_State *L, const mi_row *row, int i, int at, int self, int why, const mi_class *k) {
    const ml_row *named = bound(row); const char *name = named->name, *gone, *from, *end, *param = ""; char buf[256]; int argno = at - self;
    size_t n = mi_bad(row, i, argno, why == MI_BAD_COUNT ? MI_BAD_TYPE : why, k, buf, sizeof buf - 1);
    buf[n] = 0;
    luaL_checkstack(L, 12, NULL);
    gone = why != MI_BAD_GONE ? NULL : (from = strstr(buf, "invalid pool object")) ? from : "request is gone";
    if (gone && row->has_this && i == 0) lua_pushfstring(L, "%s: %s", name, gone);
    else {
        const char *wanted = expected(L, row, i, why == MI_BAD_CLASS || (row->has_this && i == 0) ? k : NULL), *got = given(L, at);
        const char *what = gone ? gone : why == MI_BAD_READONLY ? "it is read-only" : lua_pushfstring(L, "%s expected, got %s", wanted, got);
        if ((from = strstr(buf, ": argument ")) && (from = strchr(from, '(')) && (end = strchr(from, ')')))
            param = lua_pushfstring(L, "%s: ", (lua_pushlstring(L, from + 1, (size_t)(end - from - 1)), lua_tostring(L, -1)));
        if (row->has_this && i == 0) lua_pushfstring(L, "calling '%s' on bad self (%s)", name, what);
        else if (named->field) lua_pushfstring(L, "bad value for field '%s' (%s)", name, what);
        else if (!strcmp(name, "__index") || !strcmp(name, "__newindex")) lua_pushfstring(L, "bad %s (%s)", argno == 1 ? "key" : "value", what);
        else lua_pushfstring(L, "bad argument #%d to '%s' (%s%s)", argno, name, param, what);
    }
    luaL_where(L, 1); lua_insert(L, -2); lua_concat(L, 2);
    return lua_error(L);
}
/* Pushes a row's message in Lua's words: with the row's name in Lua in place of that in Perl, and with `r:` and LuaOptions for `$r->` and
 * PerlOptions. */
static void push_said(lua_State *L, const mi_row *row, const char *s, size_t n) {
    static const char directive[] = "PerlOptions"; luaL_Buffer b; size_t i = 0, k;
    luaL_buffinit(L, &b);
    while (i < n && (s[i] == ':' ? i + 1 < n && s[i + 1] != ' ' : s[i] == '_' || isalnum((unsigned char)s[i]))) i++;
    if (i < n && s[i] == ':' && memchr(s, ':', i)) luaL_addstring(&b, bound(row)->name); else i = 0;
    for (; i < n; i++) {
        for (k = i + 1; s[i] == '$' && k < n && isalpha((unsigned char)s[k]); k++) {}
        if (n - k > 1 && k > i + 1 && s[k] == '-' && s[k + 1] == '>') { luaL_addlstring(&b, s + i + 1, k - i - 1); luaL_addchar(&b, ':'); i = k + 1; }
        else if (n - i > 2 && !memcmp(s + i, "$r ", 3)) { luaL_addchar(&b, 'r'); i++; }
        else if (n - i >= sizeof directive - 1 && !memcmp(s + i, directive, sizeof directive - 1)) { luaL_addstring(&b, "LuaOptions"); i += sizeof directive - 2; }
        else luaL_addchar(&b, s[i]);
    }
    luaL_pushresult(&b);
}
static int raise_(lua_State *L, ml_state *me, const mi_row *row, void *err) __attribute__((noinline, cold));
static int raise_(lua_State *L, ml_state *me, const mi_row *row, void *err) {
    const char *s; size_t n; int64_t code = 0; void *kept; int kind = mi_err(err, &s, &n, &code, &kept), at;
    if (kind == MI_ERR_SCRIPT) { push_lent(L, kept); mi_err_done(err); return lua_error(L); }
    if (kind == MI_ERR_EXIT) { mi_err_done(err); return ml_leave(L, me, code); }
    at = owe(me, ML_OWED_ERR, err, NULL);
    luaL_where(L, 1);
    if (kind == MI_ERR_STATUS) {
        char text[128];
        n = mi_status_text(code, text, sizeof text - 1);
        text[n] = 0;
        lua_pushfstring(L, "%s: %s", bound(row)->name, text);
    }
    else push_said(L, row, s, n);
    lua_concat(L, 2);
    paid(me, at);
    mi_err_done(err);
    return lua_error(L);
}

/* ---- arguments ---- */
/* Strings and userdata that lie on this frame's stack stay where they are for the whole call, so a row that reenters needs no
 * copies of them. */
static int fetch_code(lua_State *L, int i, mi_val *v) {
    switch (lua_type(L, i)) {
    case LUA_TSTRING: v->tag = MI_BYTES; v->u.s = lua_tolstring(L, i, &v->a.len); return 0;
    case LUA_TFUNCTION: break;
    default:
        if (!luaL_getmetafield(L, i, "__call")) return MI_BAD_TYPE;
        lua_pop(L, 1);
    }
    v->tag = MI_CODE; v->u.p = OF_PLACE(i); v->a.len = 0;
    return 0;
}
/* One value, or a sequence of values: each is put on the stack. */
static int fetch_codes(lua_State *L, int i, mi_val *v) {
    size_t n, k; mi_val *list;
    if (lua_isnil(L, i)) { v->tag = MI_UNDEF; return 0; }
    n = lua_istable(L, i) ? lua_rawlen(L, i) : 1;
    if (n > 10000) return MI_BAD_TYPE;
    luaL_checkstack(L, (int)n + 4, NULL);
    list = ml_new_box(L, (n ? n : 1) * sizeof *list, 0);
    v->flags = lua_istable(L, i) ? MI_TRUE : 0;
    for (k = 0; k < n; k++) {
        int at = i;
        if (v->flags) { lua_rawgeti(L, i, (int)k + 1); at = lua_gettop(L); }
        list[k].flags = 0; list[k].slot = NULL;
        if (fetch_code(L, at, list + k)) return MI_BAD_TYPE;
    }
    v->tag = MI_CODES; v->u.p = list; v->a.len = n;
    return 0;
}
/* Fetches a string, number, boolean or nil as what it is. */
static int fetch_plain(lua_State *L, int i, mi_val *v) {
    v->flags = 0; v->slot = NULL;
    switch (lua_type(L, i)) {
    case LUA_TSTRING: v->tag = MI_BYTES; v->u.s = lua_tolstring(L, i, &v->a.len); return 0;
    case LUA_TNUMBER:
#if LUA_VERSION_NUM >= 503
        if (lua_isinteger(L, i)) { v->tag = MI_INT; v->u.i = lua_tointeger(L, i); return 0; }
#endif
        v->tag = MI_NUM; v->u.n = lua_tonumber(L, i);
        return 0;
    case LUA_TBOOLEAN: v->tag = MI_BOOL; v->u.i = lua_toboolean(L, i); return 0;
    case LUA_TNIL: v->tag = MI_UNDEF; return 0;
    }
    return MI_BAD_TYPE;
}
/* Fetches the named plain values of a table. They stay on the stack for the call, since the script may change the table meanwhile. */
static int fetch_fields(lua_State *L, int i, mi_val *v) {
    size_t n = 0, room = 8; mi_val *list;
    if (!lua_istable(L, i)) return fetch_plain(L, i, v);
    list = ml_new_box(L, room * 2 * sizeof *list, 0);
    lua_pushnil(L);
    while (lua_next(L, i)) {
        mi_val name, value;
        if (lua_type(L, -2) == LUA_TSTRING && !fetch_plain(L, -1, &value)) {
            luaL_checkstack(L, 8, NULL);
            if (n == room) {
                mi_val *more = ml_new_box(L, room * 4 * sizeof *list, 0);
                memcpy(more, list, room * 2 * sizeof *list);
                list = more; room *= 2;
                lua_insert(L, -3);              /* below the name and the value */
            }
            fetch_plain(L, -2, &name);
            list[2 * n] = name; list[2 * n + 1] = value;
            n++;
            lua_pushvalue(L, -2);               /* name, value, and the name again for the next turn */
        } else {
            lua_pop(L, 1);
        }
    }
    v->tag = MI_FIELDS; v->u.p = list; v->a.len = 2 * n;
    return 0;
}
/* The name behind the invocant of a class method: text, a class's table (require "APR.Pool"), or an object. */
static int fetch_name(lua_State *L, int i, mi_val *v) {
    ml_box *b = ml_boxed(L, i);
    if (b) { v->u.s = b->klass->name; v->a.len = b->klass->name_len; return 0; }
    if (lua_type(L, i) == LUA_TTABLE && luaL_getmetafield(L, i, "__name")) i = lua_gettop(L);
    if (lua_type(L, i) != LUA_TSTRING) return MI_BAD_TYPE;
    v->u.s = lua_tolstring(L, i, &v->a.len);
    return 0;
}
/* Whether every object of class `k` is one of class `from`, too: a subrequest is a request. */
static int inherits(const mi_class *k, const mi_class *from) __attribute__((noinline, cold));
static int inherits(const mi_class *k, const mi_class *from) {
    const ml_class *c = ml_bound->classes, *end = c + ml_bound->nclasses;
    while (c < end && (c->klass != k || !c->parent)) c++;
    return c < end && (c->parent == from || inherits(c->parent, from));
}
static inline int fetch(lua_State *L, const mi_param *p, int kind, int i, mi_val *v) {
    v->tag = (uint8_t)kind; v->flags = 0; v->slot = NULL;
    switch (kind) {
    case MI_OBJ: {
        ml_box *b = ml_boxed(L, i);
        if (UNLIKELY(!b)) {
            if (p->nullable && lua_isnil(L, i)) { v->tag = MI_UNDEF; return 0; }
            return MI_BAD_CLASS;
        }
        if (UNLIKELY(b->klass != p->klass) && !inherits(b->klass, p->klass)) return MI_BAD_CLASS;
        v->u.p = b->ptr; v->slot = b->slot; v->gen = b->gen; v->a.cursor = &b->cursor;
        return b->slot && UNLIKELY(__atomic_load_n(&b->slot->gen, __ATOMIC_ACQUIRE) != b->gen) ? MI_BAD_GONE : 0; }
    case MI_INT: {
#if LUA_VERSION_NUM >= 504
        int ok; v->u.i = lua_tointegerx(L, i, &ok); if (LIKELY(ok)) return 0;
#else
        if (lua_isnumber(L, i)) { v->u.i = (int64_t)lua_tonumber(L, i); return 0; }
#endif
        break; }
    case MI_NUM: if (lua_isnumber(L, i)) { v->u.n = lua_tonumber(L, i); return 0; } break;
    case MI_BOOL: v->u.i = lua_toboolean(L, i); if (UNLIKELY(p->nullable && lua_isnil(L, i))) v->tag = MI_UNDEF; return 0;
    case MI_BYTES:
        if (LIKELY(lua_isstring(L, i))) { v->u.s = lua_tolstring(L, i, &v->a.len); return 0; }
        break;
    case MI_NAME: return fetch_name(L, i, v);
    case MI_CODE:
        if (p->elem == MI_BYTES && lua_isstring(L, i)) { v->tag = MI_BYTES; v->u.s = lua_tolstring(L, i, &v->a.len); return 0; }
        if (lua_isnil(L, i)) break;
        return fetch_code(L, i, v);
    case MI_CODES: return fetch_codes(L, i, v);
    case MI_PLAIN: return fetch_plain(L, i, v);
    case MI_FIELDS: return fetch_fields(L, i, v);
    case MI_ANY: v->u.p = OF_PLACE(i); v->a.len = 0; return 0;
    }
    if (p->nullable && lua_isnil(L, i)) { v->tag = MI_UNDEF; return 0; }
    return MI_BAD_TYPE;
}

/* ---- a buffer that Rust fills, and that the call returns as a string ---- */
typedef struct { char *s; size_t n, cap; } outbuf;
static int out_grow(outbuf *o, size_t need) {
    if (need > o->cap) {
        size_t cap = need < 256 ? 256 : need; char *p = realloc(o->s, cap);
        if (!p) return 1;
        o->s = p; o->cap = cap;
    }
    return 0;
}
static int op_put(void *ctx, mi_val *out, size_t at, const char *s, size_t n) {
    outbuf *o = out->u.p; (void)ctx;
    if (out_grow(o, at + n)) return 1;
    if (at > o->n) memset(o->s + o->n, 0, at - o->n);
    memcpy(o->s + at, s, n);
    o->n = at + n; out->a.len = o->n;
    return 0;
}
static char *op_room(void *ctx, mi_val *out, size_t at, size_t n) {
    outbuf *o = out->u.p; (void)ctx;
    if (out_grow(o, at + n + 1)) return NULL;
    if (at > o->n) memset(o->s + o->n, 0, at - o->n);
    return o->s + at;
}
static int op_fill(void *ctx, mi_val *out, size_t end) {
    outbuf *o = out->u.p; (void)ctx;
    o->n = end; out->a.len = end;
    return 0;
}

/* Makes the object on top keep the object of an argument alive (MI_HOLDS). */
static void push_holding(lua_State *L, ml_state *me, const mi_row *row, const mi_val *v) {
    int i, a = 1;
    for (i = 0; i < v->pad; i++) a += row->params[i].kind != MI_WANT && row->params[i].kind != MI_OUT;
    push_object(L, me, v, 1);
    lua_pushvalue(L, a);
    ml_set_held(L, -2);
}

/* Deals with an invocant that is no object of the row's class: the current request stands in, or none does, or it is an error. Returns how
 * many arguments it used, or -1. */
static int odd_invocant(lua_State *L, const mi_row *row, const mi_param *p, int e, mi_val *v) __attribute__((noinline, cold));
static int odd_invocant(lua_State *L, const mi_row *row, const mi_param *p, int e, mi_val *v) {
    int is_class = 0;
    if (e != MI_BAD_CLASS || !row->has_this || p->kind != MI_OBJ) return -1;
    if (lua_istable(L, 1) && luaL_getmetafield(L, 1, "__name")) { is_class = lua_type(L, -1) == LUA_TSTRING; lua_pop(L, 1); }
    if (row->flags & MI_F_CURRENT && is_class && !mi_current(p->klass, v)) return 1;
    v->flags = 0; v->slot = NULL; v->gen = 0;
    if (!p->nullable) return -1;
    v->tag = MI_UNDEF;
    if (is_class) return 1;
    return row->flags & MI_F_LOOSE ? 0 : -1;
}

static int enter(lua_State *L, ml_state *me, const mi_row *row, int argc) {
    const mi_param *p = row->params, *end = p + row->nparams;
    mi_call c; mi_val ret, *v = c.args, rest[8]; void *err; outbuf ob; int a = 0, e, out = 0, rc, n = 1, at, self = row->has_this;
    lua_State *before; int holds;
    c.row = row; c.home = me->home; c.ctx = me; c.want = MI_WANT_ONE; c.rest = NULL; c.nrest = 0;
    c.argc = (uint8_t)(argc > row->max ? row->max : argc);
    c.args[0].slot = NULL; c.args[0].gen = 0;
    for (; p < end; p++, v++) {
        if (LIKELY(a < argc)) {                         /* what most arguments are */
            if (p->kind == MI_OBJ) {
                ml_box *b = ml_boxed(L, a + 1);
                if (LIKELY(b && b->klass == p->klass && b->slot && __atomic_load_n(&b->slot->gen, __ATOMIC_ACQUIRE) == b->gen)) {
                    v->tag = MI_OBJ; v->flags = 0;
                    v->u.p = b->ptr; v->slot = b->slot; v->gen = b->gen; v->a.cursor = &b->cursor;
                    a++;
                    continue;
                }
            }
            else if (p->kind == MI_BYTES && lua_type(L, a + 1) == LUA_TSTRING) {
                v->tag = MI_BYTES; v->flags = 0; v->slot = NULL;
                v->u.s = lua_tolstring(L, a + 1, &v->a.len);
                a++;
                continue;
            }
        }
        if (p->kind == MI_WANT) { v->tag = MI_NONE; v->flags = 0; v->slot = NULL; continue; }
        if (UNLIKELY(p->kind == MI_OUT)) {
            out = 1; ob.s = NULL; ob.n = ob.cap = 0;
            v->tag = MI_OUT; v->flags = 0; v->u.p = &ob; v->a.len = 0; v->slot = NULL;
            if (c.argc < 255) c.argc++;
            continue;
        }
        if (p->kind == MI_REST) {
            int k = argc > a ? argc - a : 0, i; mi_val *r = rest;
            v->tag = MI_NONE; v->flags = 0; v->slot = NULL;
            if (UNLIKELY(k > 8)) r = ml_new_box(L, (size_t)k * sizeof *r, 0);
            for (i = 0; i < k; i++)
                if (UNLIKELY(e = fetch(L, p, p->elem, a + i + 1, r + i))) return bad(L, row, (int)(p - row->params), a + i + 1, self, e, NULL);
            c.rest = r; c.nrest = (size_t)k; a += k;
            continue;
        }
        if (a >= argc) {
            v->tag = MI_NONE; v->flags = 0; v->slot = NULL;
            if (UNLIKELY(row->flags & MI_F_LOOSE && p == row->params)) { self = 0; continue; }
            if (UNLIKELY(!p->optional && row->min + (row->flags & MI_F_LOOSE && self) > a)) return bad(L, row, (int)(p - row->params), a + 1, self, MI_BAD_COUNT, p->klass);
            a++;
            continue;
        }
        e = fetch(L, p, p->kind, a + 1, v);
        if (UNLIKELY(e)) {
            int used;
            if (p->optional && lua_isnil(L, a + 1)) { v->tag = MI_NONE; v->flags = 0; v->slot = NULL; a++; continue; }
            if (a == 0 && (used = odd_invocant(L, row, p, e, v)) >= 0) { a += self = used; continue; }
            if (e == MI_BAD_GONE && a == 0 && row->flags & MI_F_ENDING) {
                if (!p->nullable) return 0;
                v->tag = MI_UNDEF; v->flags = 0; v->slot = NULL; a++; continue;
            }
            return bad(L, row, (int)(p - row->params), a + 1, self, e, p->klass);
        }
        a++;
    }
    ret.flags = 0;
    before = me->L; me->L = L;
    holds = ml_limit_holds(me, 0);
    rc = mi_enter(&c, &ret, &err);
    ml_limit_holds(me, holds);
    me->L = before;
    if (UNLIKELY(rc)) { if (out) free(ob.s); return raise_(L, me, row, err); }
    if (UNLIKELY(out)) {
        at = owe(me, ML_OWED_MALLOC, ob.s, NULL);
        if (ret.flags & MI_OWNED && ret.tag != MI_KEPT) mi_done(&ret);
        lua_pushlstring(L, ob.s ? ob.s : "", ob.n);
        paid(me, at);
        free(ob.s);
    }
    else if (ret.flags & MI_OWNED && ret.tag != MI_KEPT) {
        at = owe(me, ML_OWED_VAL, NULL, &ret);
        if (ret.tag == MI_LIST) {
            const mi_val *l = ret.u.p; size_t k = ret.a.len, i;
            luaL_checkstack(L, (int)k + 4, "too many results");
            for (i = 0; i < k; i++) ml_push(L, me, l + i);
            n = (int)k;
        }
        else ml_push(L, me, &ret);
        paid(me, at);
        mi_done(&ret);
    }
    else switch (ret.tag) {
    case MI_NONE: n = 0; break;
    case MI_INT: lua_pushinteger(L, (lua_Integer)ret.u.i); break;
    case MI_BYTES: lua_pushlstring(L, ret.u.s, ret.a.len); break;
    case MI_THIS: lua_pushvalue(L, 1); break;
    case MI_OBJ: if (UNLIKELY(ret.flags & MI_HOLDS)) { push_holding(L, me, row, &ret); break; } /* FALLTHROUGH */
    default: ml_push(L, me, &ret);
    }
    if (UNLIKELY(me->home->drops)) { before = me->L; me->L = L; ml_drain(me, me->home); me->L = before; }
    return n;
}
int ml_door(lua_State *L) { return enter(L, ml_me(L, 2), lua_touserdata(L, lua_upvalueindex(1)), lua_gettop(L)); }
/* Calls a row that stands in a metatable: Lua passes an argument that the row does not take (the second operand of `#`). */
int ml_meta_door(lua_State *L) {
    const mi_row *row = lua_touserdata(L, lua_upvalueindex(1)); int n = lua_gettop(L);
    if (n > row->max && row->max != MI_MANY) lua_settop(L, n = row->max);
    return enter(L, ml_me(L, 2), row, n);
}

/* The iterator of `pairs` over an object, whose row gives the key and the value of a number. Upvalue 3 is the number of the next pair. */
static int next_pair(lua_State *L) {
    lua_Integer n = lua_tointeger(L, lua_upvalueindex(3));
    lua_settop(L, 1);
    lua_pushinteger(L, n);
    lua_pushinteger(L, n + 1); lua_replace(L, lua_upvalueindex(3));
    ml_arena_touched(ml_me(L, 2));
    return enter(L, ml_me(L, 2), lua_touserdata(L, lua_upvalueindex(1)), 2);
}
int ml_pairs_door(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1)); lua_pushvalue(L, lua_upvalueindex(2)); lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_pair, 3);
    lua_pushvalue(L, 1);
    return 2;
}

/* r.name: a method is a function in the class's table, a field a light userdata (its row) that is read at once. Upvalues: table of
 * names, state, and the row of the class's own __index, if it has one. */
static int read_name(lua_State *L) {
    lua_rawget(L, lua_upvalueindex(1));
    if (lua_type(L, 2) != LUA_TLIGHTUSERDATA) return 1;
    return enter(L, ml_me(L, 2), lua_touserdata(L, 2), 1);
}
int ml_index(lua_State *L) {
    if (UNLIKELY(lua_gettop(L) != 2)) lua_settop(L, 2);
    return read_name(L);
}
int ml_own_index(lua_State *L) {
    lua_settop(L, 2);
    if (lua_isstring(L, 2)) {                           /* a number is a key, too, as it is where one is set */
        if (enter(L, ml_me(L, 2), lua_touserdata(L, lua_upvalueindex(3)), 2) && !lua_isnil(L, -1)) return 1;
        lua_settop(L, 2);
    }
    return read_name(L);
}
/* As ml_index; upvalue 4 is the class's name. */
int ml_newindex(lua_State *L) {
    const mi_row *own, *row = NULL;
    if (UNLIKELY(lua_gettop(L) != 3)) lua_settop(L, 3);
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (lua_type(L, 4) == LUA_TLIGHTUSERDATA) row = lua_touserdata(L, 4);
    if (LIKELY(row && row->nparams > 1)) {
        lua_pop(L, 1);
        lua_replace(L, 2);                              /* the object and the value */
        enter(L, ml_me(L, 2), row, 2);
        return 0;
    }
    lua_settop(L, 3);
    if ((own = lua_touserdata(L, lua_upvalueindex(3)))) { enter(L, ml_me(L, 2), own, 3); return 0; }
    lua_pushvalue(L, 2);
    return luaL_error(L, row ? "%s: field '%s' is read-only" : "%s has no field '%s'",
        lua_tostring(L, lua_upvalueindex(4)), lua_isstring(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, -1));
}

/* ---- mi_ops. ctx is the ml_state; whoever calls is in a frame of me->L. Whatever may allocate runs protected ---- */
typedef struct { ml_state *me; const mi_val *args; size_t n; int want_text; } call_args;
static int p_call(lua_State *L) {                       /* 1: the function, 2: call_args */
    call_args *a = lua_touserdata(L, 2); size_t i;
    ml_limit_holds(a->me, 1);
    luaL_checkstack(L, (int)a->n + 4, NULL);
    lua_settop(L, 1);
    for (i = 0; i < a->n; i++) ml_push(L, a->me, a->args + i);
    lua_call(L, (int)a->n, 1);
    if (a->want_text && lua_isstring(L, -1)) lua_tolstring(L, -1, NULL);
    return 1;
}
static int p_ref(lua_State *L) { lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX)); return 1; }
/* Pops the value on top and returns a reference to it; LUA_REFNIL when there is no memory. */
static int ref_top(lua_State *L) {
    int ref = LUA_REFNIL;
    lua_pushcfunction(L, p_ref); lua_insert(L, -2);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) ref = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return ref;
}
static int find(ml_state *me, const char *name, size_t n) {
    int ref; const char *err; size_t len;
    return me->host->find(me->rust, name, n, &ref, &err, &len) ? LUA_NOREF : ref;
}
static int op_call(void *ctx, const mi_val *code, const mi_val *args, size_t n, mi_val *ret) {
    ml_state *me = ctx; lua_State *L = me->L; call_args a = { me, args, n, ret->tag == MI_BYTES }; int rc, ref = LUA_NOREF, want_plain = ret->tag == MI_PLAIN;
    ret->tag = MI_KEPT; ret->flags = 0; ret->slot = NULL; ret->u.p = OF_REF(LUA_REFNIL);
    if (!lua_checkstack(L, 10)) return 1;
    lua_pushcfunction(L, p_call);
    if (code->tag == MI_BYTES) {
        const char *err = NULL; size_t len = 0;
        if (me->host->find(me->rust, code->u.s, code->a.len, &ref, &err, &len)) lua_pushnil(L);
        else { lua_rawgeti(L, LUA_REGISTRYINDEX, ref); luaL_unref(L, LUA_REGISTRYINDEX, ref); }
    }
    else push_lent(L, code->u.p);
    lua_pushlightuserdata(L, &a);
    rc = lua_pcall(L, 2, 1, 0);
    ml_limit_holds(me, 0);
    if (rc == LUA_OK) {
        if (want_plain) {
            if (fetch_plain(L, -1, ret)) ret->tag = MI_NONE;
            if (ret->tag != MI_BYTES) lua_pop(L, 1);    /* a string stays on the door's frame */
            return 0;
        }
        ret->tag = MI_INT; ret->u.i = 0; ret->flags = lua_toboolean(L, -1) ? MI_TRUE : 0;
        if (a.want_text && lua_type(L, -1) == LUA_TSTRING) {
            ret->tag = MI_BYTES; ret->u.s = lua_tolstring(L, -1, &ret->a.len);
            return 0;                                   /* the string stays on the door's frame */
        }
        if (lua_isnumber(L, -1)) ret->u.i = (int64_t)lua_tonumber(L, -1);
        lua_pop(L, 1);
        return 0;
    }
    if (me->leaving && lua_touserdata(L, -1) == (void *)&ml_exit_cookie) { ret->tag = MI_INT; ret->u.i = me->exit_status; lua_pop(L, 1); return 2; }
    ret->u.p = OF_REF(ref_top(L));
    return 1;
}
static int p_push_ref(lua_State *L) {
    const mi_val *v = lua_touserdata(L, 1);
    lua_pushlstring(L, v->u.s, v->a.len);
    lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
    return 1;
}
static void op_keep(void *ctx, const mi_val *v, mi_val *k) {
    ml_state *me = ctx; lua_State *L = me->L;
    k->tag = MI_KEPT; k->flags = 0; k->slot = NULL; k->u.p = OF_REF(LUA_REFNIL);
    if (!lua_checkstack(L, 6)) return;
    if (v->tag != MI_BYTES) { push_lent(L, v->u.p); k->u.p = OF_REF(ref_top(L)); return; }
    lua_pushcfunction(L, p_push_ref); lua_pushlightuserdata(L, (void *)v);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) k->u.p = OF_REF(lua_tointeger(L, -1));
    lua_pop(L, 1);
}
typedef struct { int bag; const char *k; size_t n; int ref; } bag_args;
static int p_bag(lua_State *L) { bag_args *a = lua_touserdata(L, 1); lua_newtable(L); a->bag = luaL_ref(L, LUA_REGISTRYINDEX); return 0; }
static int p_set(lua_State *L) {
    bag_args *a = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->bag); lua_pushlstring(L, a->k, a->n); lua_rawgeti(L, LUA_REGISTRYINDEX, a->ref);
    lua_rawset(L, -3);
    return 0;
}
static int p_get(lua_State *L) {
    bag_args *a = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->bag); lua_pushlstring(L, a->k, a->n); lua_rawget(L, -2);
    a->ref = lua_isnil(L, -1) ? 0 : luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}
static int protected(ml_state *me, lua_CFunction f, bag_args *a) {
    lua_State *L = me->L; int rc;
    if (!lua_checkstack(L, 4)) return 1;
    lua_pushcfunction(L, f); lua_pushlightuserdata(L, a);
    if ((rc = lua_pcall(L, 1, 0, 0))) lua_pop(L, 1);
    return rc;
}
static void *op_bag(void *ctx) { bag_args a = { LUA_REFNIL, NULL, 0, 0 }; protected(ctx, p_bag, &a); return OF_REF(a.bag); }
static int op_bag_set(void *ctx, void *bag, const char *k, size_t n, void *kept) {
    ml_state *me = ctx; bag_args a = { (int)(intptr_t)bag, k, n, (int)(intptr_t)kept }; int rc = protected(me, p_set, &a);
    luaL_unref(me->L, LUA_REGISTRYINDEX, a.ref);
    return rc;
}
static void *op_bag_get(void *ctx, void *bag, const char *k, size_t n) {
    bag_args a = { (int)(intptr_t)bag, k, n, 0 };
    return protected(ctx, p_get, &a) ? NULL : OF_REF(a.ref);
}
static void *op_find(void *ctx, const char *name, size_t n) { int ref = find(ctx, name, n); return ref == LUA_NOREF ? NULL : OF_REF(ref); }

/* ---- from the bag of one state to that of another ---- */
typedef struct { ml_state *me; lua_State *from; int bag; const char *k; size_t n; int cannot; } move_args;
/* The value at i of `from` on top of L; nothing of `from` may raise. 1: it cannot be copied. `seen`: tables that were met, on L. */
static int push_copy(lua_State *L, int seen, lua_State *from, int i, int depth) {
    ml_box *b; int rc = 0;
    switch (lua_type(from, i)) {
    case LUA_TNIL: lua_pushnil(L); return 0;
    case LUA_TBOOLEAN: lua_pushboolean(L, lua_toboolean(from, i)); return 0;
    case LUA_TSTRING: { size_t n; const char *s = lua_tolstring(from, i, &n); lua_pushlstring(L, s, n); return 0; }
    case LUA_TNUMBER:
#if LUA_VERSION_NUM >= 503
        if (lua_isinteger(from, i)) { lua_pushinteger(L, lua_tointeger(from, i)); return 0; }
#endif
        lua_pushnumber(L, lua_tonumber(from, i));
        return 0;
    case LUA_TUSERDATA:
        if ((b = ml_boxed(from, i)) && b->slot) {
            mi_val v = { .tag = MI_OBJ, .gen = b->gen, .u.p = b->ptr, .a.klass = b->klass, .slot = b->slot };
            ml_push(L, ml_me(L, 2), &v);
            return 0;
        }
        return 1;
    case LUA_TTABLE: break;
    default: return 1;
    }
    luaL_checkstack(L, 8, NULL);
    lua_rawgetp(L, seen, lua_topointer(from, i));
    if (!lua_isnil(L, -1)) return 0;
    lua_pop(L, 1);
    if (depth > 100 || !lua_checkstack(from, 4)) return 1;
    lua_newtable(L);
    lua_pushvalue(L, -1); lua_rawsetp(L, seen, lua_topointer(from, i));
    lua_pushnil(from);
    while (!rc && lua_next(from, i)) {
        if (!(rc = push_copy(L, seen, from, lua_gettop(from) - 1, depth + 1)) && !(rc = push_copy(L, seen, from, lua_gettop(from), depth + 1))) lua_rawset(L, -3);
        lua_settop(from, lua_gettop(from) - 1);
    }
    return rc;
}
/* Upvalue 2 is the state, as in all functions of ours. */
static int p_move(lua_State *L) {
    move_args *a = lua_touserdata(L, 1); lua_State *from = a->from; const int bag = lua_gettop(from); size_t n;
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->bag);          /* 2 */
    lua_newtable(L);                                    /* 3: seen */
    lua_pushnil(from);
    while (lua_next(from, bag)) {
        const char *k = lua_type(from, -2) == LUA_TSTRING ? lua_tolstring(from, -2, &n) : NULL;
        if (k && (!a->k || (n == a->n && !memcmp(k, a->k, n)))) {
            lua_settop(L, 3);
            if (a->bag != LUA_NOREF) {
                lua_pushlstring(L, k, n);
                if (push_copy(L, 3, from, bag + 2, 0)) { a->cannot = 1; return 0; }
                lua_rawset(L, 2);
            }
            lua_pushvalue(from, bag + 1); lua_pushnil(from); lua_rawset(from, bag);     /* a field that is there: nothing is allocated */
        }
        lua_settop(from, bag + 1);
    }
    return 0;
}
static int op_bag_move(void *ctx, void *bag, const mi_home *other, void *other_bag, const char *k, size_t n, int drop) {
    ml_state *me = ctx, *near; lua_State *L = me->L; move_args a = { .me = me, .bag = drop ? LUA_NOREF : (int)(intptr_t)bag, .k = k, .n = n }; int rc, top;
    if (!me->host->is_near(me->rust, other)) return 0;
    near = other->ctx; a.from = near->L; top = lua_gettop(a.from);
    if (!lua_checkstack(L, 6) || !lua_checkstack(a.from, 8)) return 1;
    lua_rawgeti(a.from, LUA_REGISTRYINDEX, (int)(intptr_t)other_bag);
    lua_pushnil(L); lua_pushlightuserdata(L, me); lua_pushcclosure(L, p_move, 2);
    lua_pushlightuserdata(L, &a);
    if ((rc = lua_pcall(L, 1, 0, 0))) lua_pop(L, 1);
    lua_settop(a.from, top);
    return rc ? 1 : a.cannot ? 2 : 0;
}
static const char *op_text(void *ctx, void *v, size_t *n) { (void)ctx; (void)v; (void)n; return NULL; }     /* Lua's strings never change */
const mi_ops ml_ops = { op_call, op_keep, op_put, op_room, op_fill, op_bag, op_bag_set, op_bag_get, op_find, op_text, op_bag_move };

/* Empties a drop box of the state: values that others left there, to be freed, or called and then freed. Called by whoever holds the state. */
void ml_drain(ml_state *me, mi_home *home) {
    lua_State *L = me->L; mi_drop d;
    if (!lua_checkstack(L, 12)) return;
    while (mi_drop_next(home, &d)) {
        int value = (int)(intptr_t)d.value, arg = (int)(intptr_t)d.arg;
        if (d.apart) mi_apart(1);
        if (d.call) {
            lua_rawgeti(L, LUA_REGISTRYINDEX, value);
            if (lua_type(L, -1) == LUA_TSTRING) {       /* a handler's name */
                size_t n; const char *s = lua_tolstring(L, -1, &n); int f = find(me, s, n);
                lua_pop(L, 1);
                lua_rawgeti(L, LUA_REGISTRYINDEX, f);
                luaL_unref(L, LUA_REGISTRYINDEX, f);
            }
            if (d.arg) lua_rawgeti(L, LUA_REGISTRYINDEX, arg);
            if (lua_pcall(L, d.arg != NULL, 0, 0)) {
                if (lua_type(L, -1) == LUA_TSTRING) fprintf(stderr, "%s\n", lua_tostring(L, -1));
                lua_pop(L, 1);
            }
        }
        if (d.arg) luaL_unref(L, LUA_REGISTRYINDEX, arg);
        luaL_unref(L, LUA_REGISTRYINDEX, value);
        if (d.apart) mi_apart(-1);
    }
}
