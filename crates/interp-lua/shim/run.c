/* Into Lua: loading a chunk, and everything that runs one, each as one protected call that comes back with a tag. Called by src/ffi.rs's
 * users: chunk.rs, run.rs, handler.rs, coroutine.rs. */
#include "shim.h"

/* ---- messages ---- */
static int p_tostring(lua_State *L) { luaL_tolstring(L, 1, NULL); return 1; }
/* Puts the text of the value at i on top, whatever it is: an object by its __tostring, which may fail. */
int ml_text(lua_State *L, int i) {
    i = lua_absindex(L, i);
    if (lua_type(L, i) == LUA_TSTRING) { lua_pushvalue(L, i); return 1; }
    if (luaL_getmetafield(L, i, "__tostring")) {
        lua_pop(L, 1);
        lua_pushcfunction(L, p_tostring); lua_pushvalue(L, i);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING) return 1;
        lua_pop(L, 1);
    }
    else if (lua_type(L, i) == LUA_TNUMBER) { lua_pushvalue(L, i); lua_tolstring(L, -1, NULL); return 1; }
    lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, i));
    return 1;
}
/* Puts the call stack of `of` behind the message on top, which may have NUL bytes. */
static void add_traceback(lua_State *L, lua_State *of, int level) {
    lua_pushliteral(L, "\n");
    luaL_traceback(L, of, NULL, level);
    lua_concat(L, 3);
}
static int is_exit(lua_State *L, int i) { return lua_touserdata(L, i) == (void *)&ml_exit_cookie; }
static int message(lua_State *L) {
    if (is_exit(L, 1)) return 1;
    ml_text(L, 1);
    add_traceback(L, L, 1);
    return 1;
}

/* ---- os.exit: raised again by every instruction that follows, so that no pcall keeps it ---- */
static ml_state *state_of(lua_State *L) {
    ml_state *me;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &ml_state_key); me = lua_touserdata(L, -1); lua_pop(L, 1);
    return me;
}
static void go_on_leaving(lua_State *L, lua_Debug *ar) {
    (void)ar;
    if (!state_of(L)->leaving) { lua_sethook(L, NULL, 0, 0); return; }
    lua_pushlightuserdata(L, (void *)&ml_exit_cookie);
    lua_error(L);
}
/* The place in the script's code that the thread is at, as a message begins with it; empty where there is none. */
static void place_of(lua_State *L, char *to, size_t room) {
    lua_Debug ar; int level;
    *to = 0;
    for (level = 0; lua_getstack(L, level, &ar); level++)
        if (lua_getinfo(L, "Sl", &ar) && ar.currentline > 0) { snprintf(to, room, "%s:%d: ", ar.short_src, ar.currentline); return; }
}
int ml_leave(lua_State *L, ml_state *me, int64_t status) {
    me->leaving = 1; me->exit_status = status;
    place_of(L, me->left_at, sizeof me->left_at);       /* LuaJIT's stack does not show it any more when the coroutine has ended */
    lua_sethook(L, go_on_leaving, LUA_MASKCOUNT, 1);
    if (me->L != L) lua_sethook(me->L, go_on_leaving, LUA_MASKCOUNT, 1);
    lua_pushlightuserdata(L, (void *)&ml_exit_cookie);
    return lua_error(L);
}

/* ---- worlds ---- */
static void swap_path(lua_State *L, const char *field, int from, int to) {  /* package is on top: it has `to`, what it had is `from` */
    if (from != LUA_NOREF) { lua_getfield(L, -1, field); lua_rawseti(L, LUA_REGISTRYINDEX, from); }
    lua_rawgeti(L, LUA_REGISTRYINDEX, to); lua_setfield(L, -2, field);
}
void ml_switch_world(lua_State *L, ml_state *me, const ml_world *w) {
    const ml_world *before = me->world;
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->package);
    lua_rawgeti(L, LUA_REGISTRYINDEX, w->loaded);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_setfield(L, -2, "loaded");
    swap_path(L, "path", before ? before->path : LUA_NOREF, w->path);
    swap_path(L, "cpath", before ? before->cpath : LUA_NOREF, w->cpath);
    lua_pop(L, 1);
    me->world = w;
}
typedef struct { ml_state *me; const char *path, *cpath; size_t path_len, cpath_len; ml_world *w; } world_args;
static int p_world(lua_State *L) {
    world_args *a = lua_touserdata(L, 1);
    lua_newtable(L);                                    /* what every state has from the start is loaded in each world */
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->me->loaded);
    lua_pushnil(L);
    while (lua_next(L, -2)) { lua_pushvalue(L, -2); lua_insert(L, -2); lua_rawset(L, -5); }
    lua_pop(L, 1);
    a->w->loaded = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushlstring(L, a->path, a->path_len); a->w->path = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushlstring(L, a->cpath, a->cpath_len); a->w->cpath = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}
/* Makes a world; returns 0, or 1 when there is no memory. */
int ml_world_new(ml_state *me, const char *path, size_t path_len, const char *cpath, size_t cpath_len, ml_world *w) {
    world_args a = { me, path, cpath, path_len, cpath_len, w }; lua_State *L = me->L; int rc;
    if (!lua_checkstack(L, 6)) return 1;
    lua_pushcfunction(L, p_world); lua_pushlightuserdata(L, &a);
    me->stale = 1;
    if ((rc = lua_pcall(L, 1, 0, 0))) lua_pop(L, 1);
    return rc != LUA_OK;
}

/* ---- loading ---- */
typedef struct { ml_source *s; int piece; } reading;
static const char *read_piece(lua_State *L, void *data, size_t *n) {
    reading *r = data; (void)L;
    while (r->piece < 2) {
        int i = r->piece++;
        if (r->s->n[i]) { *n = r->s->n[i]; return r->s->s[i]; }
    }
    *n = 0;
    return NULL;
}
static int write_dump(lua_State *L, const void *p, size_t n, void *data) {
    ml_source *s = data; (void)L;
    if (s->dump_len + n > s->dump_cap) {
        size_t cap = (s->dump_len + n) * 2; char *d = realloc(s->dump, cap);
        if (!d) return 1;
        s->dump = d; s->dump_cap = cap;
    }
    memcpy(s->dump + s->dump_len, p, n);
    s->dump_len += n;
    return 0;
}
static int p_load(lua_State *L) {
    ml_source *s = lua_touserdata(L, 1); reading r = { s, 0 }; int rc; ml_state *me = state_of(L);
    ml_arena_loading(me, 1);
    rc = s->binary ? ml_load_binary(L, s->s[0], s->n[0], s->name) : ml_load_text(L, read_piece, &r, s->name);
    ml_arena_loading(me, 0);
    if (rc) return lua_error(L);
    if (!s->binary && ml_dump(L, write_dump, s)) s->dump_len = 0;
    s->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}
static void begin(ml_state *me, ml_out *out) { memset(out, 0, sizeof *out); out->ref = LUA_NOREF; out->top = lua_gettop(me->L); }
static void fail(lua_State *L, ml_out *out, int rc) {
    out->tag = rc == LUA_ERRMEM ? ML_MEMORY : ML_DIED;
    if (lua_type(L, -1) == LUA_TSTRING) out->text = lua_tolstring(L, -1, &out->text_len);
    else { out->text = "error in error handling"; out->text_len = strlen(out->text); }
}
void ml_load(ml_state *me, ml_source *s, ml_out *out) {
    lua_State *L = me->L; int rc;
    begin(me, out);
    s->dump = NULL; s->dump_len = s->dump_cap = 0; s->ref = LUA_NOREF;
    me->stale = 1;
    if (!lua_checkstack(L, 6)) { out->tag = ML_MEMORY; return; }
    lua_pushcfunction(L, p_load); lua_pushlightuserdata(L, s);
    if ((rc = lua_pcall(L, 1, 0, 0))) fail(L, out, rc);
}
void ml_load_done(ml_source *s) { free(s->dump); s->dump = NULL; }
void ml_unref(ml_state *me, int ref) { me->stale = 1; if (lua_checkstack(me->L, 4)) luaL_unref(me->L, LUA_REGISTRYINDEX, ref); }
void ml_done(ml_state *me, const ml_out *out) { lua_settop(me->L, out->top); }

/* ---- jobs ---- */
static void outcome(lua_State *L, ml_out *out) {
    out->truth = lua_toboolean(L, -1);
    out->is_number = lua_type(L, -1) == LUA_TNUMBER;
    if (UNLIKELY(!out->is_number && lua_isnumber(L, -1))) out->is_number = 1;   /* '404' counts as 404, as for mod_lua */
    if (LIKELY(out->is_number)) {
#if LUA_VERSION_NUM >= 504
        int ok; out->number = lua_tointegerx(L, -1, &ok);
        if (UNLIKELY(!ok))
#endif
        { double n = lua_tonumber(L, -1); out->is_wild = !(n > -9e18 && n < 9e18); out->number = out->is_wild ? 0 : (int64_t)n; }
    }
    else out->number = lua_isstring(L, -1) ? (int64_t)lua_tonumber(L, -1) : 0;
}
/* Ends a coroutine with an error at this place of the script; leaves the message with its traceback. */
static int end_coroutine(lua_State *L, ml_out *out, lua_State *co, const char *place, const char *said) {
    lua_settop(L, 1);
    if (!ml_has_room(co, 8)) return luaL_error(L, "stack overflow in a coroutine");
    lua_pushfstring(L, "%s%s", place, said);
    add_traceback(L, co, 0);
    ml_close_thread(co, L);
    out->tag = ML_DIED;
    out->text = lua_tolstring(L, -1, &out->text_len);
    return 1;
}
/* Runs the coroutine, whose function and arguments are on it; leaves the text that it yields, or nil. What it returns is not looked at. */
static int resume(lua_State *L, ml_state *me, ml_job *j, lua_State *co, int n) {
    ml_out *out = j->out; int rc, results;
    rc = ml_resume(co, L, n, &results);
    if (rc != LUA_OK && rc != LUA_YIELD) {
        if (is_exit(co, -1)) {
            me->leaving = 0;
            lua_sethook(L, NULL, 0, 0); lua_sethook(co, NULL, 0, 0); lua_sethook(me->L, NULL, 0, 0);
            return end_coroutine(L, out, co, me->left_at, "os.exit was called in a filter, which has to pass on all data: to leave data as it is, return before the first yield");
        }
        lua_settop(L, 1);
        if (!ml_has_room(co, 8)) return luaL_error(L, "stack overflow in a coroutine");
        lua_xmove(co, L, 1);
        ml_text(L, -1);
        add_traceback(L, co, 0);
        ml_close_thread(co, L);
        out->tag = rc == LUA_ERRMEM ? ML_MEMORY : ML_DIED;
        out->text = lua_tolstring(L, -1, &out->text_len);
        return 1;
    }
    out->yielded = rc == LUA_YIELD;
    if (results && lua_checkstack(co, 1)) { lua_pushvalue(co, -results); lua_xmove(co, L, 1); } else lua_pushnil(L);
    lua_settop(co, lua_gettop(co) - results);
    if (!out->yielded) return 1;
    if (lua_isstring(L, -1)) out->text = lua_tolstring(L, -1, &out->text_len);
    else if (!lua_isnil(L, -1)) {
        char said[120], place[ML_PLACE];
        snprintf(said, sizeof said, "a filter yielded a %s: it can pass on strings, and \"\" or nil for nothing", luaL_typename(L, -1));
        place_of(co, place, sizeof place);
        return end_coroutine(L, out, co, place, said);
    }
    return 1;
}
static int p_job(lua_State *L) {
    ml_job *j = lua_touserdata(L, 1); ml_state *me = j->me; ml_out *out = j->out; size_t i; const int what = j->what;
    ml_limit_holds(me, 1);
    if (UNLIKELY(j->world && j->world != me->world)) ml_switch_world(L, me, j->world);
    ml_push_globals(L);                                                                         /* 2: globals */
    if (what & ML_RESUME) {
        lua_State *co;
        lua_rawgeti(L, LUA_REGISTRYINDEX, j->chunk); co = lua_tothread(L, -1);
        lua_pushliteral(L, "bucket");
        if (j->name) lua_pushlstring(L, j->name, j->name_len); else lua_pushnil(L);
        lua_rawset(L, 2);
        if (!co || lua_status(co) != LUA_YIELD) return luaL_error(L, "the coroutine has ended");
        i = (size_t)resume(L, me, j, co, 0);
        if (out->tag != ML_OK) { lua_pushboolean(L, 0); lua_rawseti(L, LUA_REGISTRYINDEX, j->chunk); }  /* LuaJIT may still call it suspended */
        if (what & ML_KEEP_LONG && out->text_len >= ML_LONG && out->tag == ML_OK) {
            lua_pushvalue(L, -1);
            out->ref = luaL_ref(L, LUA_REGISTRYINDEX);
            out->is_kept = 1;
        }
        return (int)i;
    }
    if (what & ML_CHUNK) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, j->chunk);
        me->in_chunk = 1;
        lua_call(L, 0, what & ML_CALL ? 0 : 1);
        me->in_chunk = 0;
        if (!(what & ML_CALL)) {
            if (what & ML_KEEP_RESULT) {
                if (!lua_isfunction(L, -1)) { out->tag = ML_NO_FUNCTION; return 0; }
                out->ref = luaL_ref(L, LUA_REGISTRYINDEX);
            }
            else {
                outcome(L, out);
                if (lua_isstring(L, -1)) out->text = lua_tolstring(L, -1, &out->text_len);
            }
        }
    }
    if (what & (ML_CALL | ML_FUNCTION)) {
        if (what & ML_FUNCTION) lua_rawgeti(L, LUA_REGISTRYINDEX, j->chunk);
        else { lua_pushlstring(L, j->name, j->name_len); lua_gettable(L, 2); }
        if (UNLIKELY(!lua_isfunction(L, -1))) {
            if (!luaL_getmetafield(L, -1, "__call")) { out->tag = ML_NO_FUNCTION; return 0; }
            lua_pop(L, 1);
        }
        if (what & ML_FIND) { out->ref = luaL_ref(L, LUA_REGISTRYINDEX); return 0; }
        if (UNLIKELY(j->nargs > 8)) luaL_checkstack(L, (int)j->nargs + 4, NULL);
        for (i = 0; i < j->nargs; i++) ml_push(L, me, j->args + i);
        if (what & ML_COROUTINE) {
            lua_State *co = lua_newthread(L);
            lua_pushvalue(L, -1); out->ref = luaL_ref(L, LUA_REGISTRYINDEX);
            lua_insert(L, 3);                                                                   /* 3: the thread */
            if (!lua_checkstack(co, (int)j->nargs + 4)) return luaL_error(L, "stack overflow in a coroutine");
            lua_xmove(L, co, (int)j->nargs + 1);
            return resume(L, me, j, co, (int)j->nargs);
        }
        lua_call(L, (int)j->nargs, 1);
        outcome(L, out);
    }
    return out->text != NULL;
}
static int p_switch(lua_State *L) { ml_state *me = lua_touserdata(L, 1); ml_switch_world(L, me, lua_touserdata(L, 2)); return 0; }
/* A call within a call of another script has ended. */
static void switch_back(lua_State *L, ml_state *me, const ml_world *world) {
    if (LIKELY(me->world == world || !world)) return;
    lua_pushcfunction(L, p_switch); lua_pushlightuserdata(L, me); lua_pushlightuserdata(L, (void *)world);
    if (lua_pcall(L, 2, 0, 0)) lua_pop(L, 1);
}

void ml_run(ml_job *j) {
    ml_state *me = j->me; lua_State *L = me->L; ml_out *out = j->out; const ml_world *world = me->world;
    int rc, owed = me->nowed, in_chunk = me->in_chunk, was_seeded = me->seeded; ml_sequence sequence; locale_t outer = LC_GLOBAL_LOCALE;
    begin(me, out);
    if (!lua_checkstack(L, 16)) { out->tag = ML_MEMORY; return; }
    if (UNLIKELY(ml_locales)) outer = ml_begin_locale(me);
    if (UNLIKELY(ml_must_seed(me))) ml_begin_random(me, &sequence);
    me->depth++;
    me->in_chunk = 0;
    lua_pushcfunction(L, message);
    lua_pushcfunction(L, p_job); lua_pushlightuserdata(L, j);
    rc = lua_pcall(L, 1, 1, out->top + 1);
    ml_limit_holds(me, 0);
    me->in_chunk = in_chunk;
    if (UNLIKELY(me->nowed != owed)) ml_settle(me, owed);
    if (UNLIKELY(me->leaving)) {
        me->leaving = 0;
        lua_sethook(L, NULL, 0, 0);
        out->tag = ML_EXIT; out->number = me->exit_status;
    }
    else if (UNLIKELY(rc)) fail(L, out, rc);
    --me->depth;
    if (UNLIKELY(me->depth)) {
        switch_back(L, me, world);
        if (was_seeded || me->seeded) ml_end_random(me, was_seeded, &sequence);
    }
    else {
        if (UNLIKELY(me->locale || ml_locales)) uselocale(outer);
        if (UNLIKELY(me->gc_stopped)) { me->gc_stopped = 0; ml_arena_collected(me); lua_gc(L, LUA_GCRESTART, 0); }
        if (UNLIKELY(out->tag == ML_MEMORY || ml_is_nearly_full(me))) { ml_arena_collected(me); lua_gc(L, LUA_GCCOLLECT, 0); }
    }
}

/* ---- handlers by name: the longest prefix that is a module, then fields ---- */
typedef struct { ml_state *me; const char *name; size_t n; int load; const ml_world *world; ml_out *out; } resolve_args;
static int p_resolve(lua_State *L) {
    resolve_args *a = lua_touserdata(L, 1); ml_state *me = a->me; size_t n = a->n, at;
    ml_limit_holds(me, 1);
    if (a->world && a->world != me->world) ml_switch_world(L, me, a->world);
    lua_settop(L, 1);
    lua_pushnil(L);                                     /* 2: why the whole name was no module */
    for (;;) {
        const char *not_found;
        lua_settop(L, 2);
        if (a->load) {
            lua_rawgeti(L, LUA_REGISTRYINDEX, me->require); lua_pushlstring(L, a->name, n);
            if (a->load == ML_REQUIRE) { lua_call(L, 1, 0); return 0; }
            if (lua_pcall(L, 1, 1, 0) == LUA_OK) break;
            lua_pushlstring(L, a->name, n);
            lua_pushfstring(L, "module '%s' not found", lua_tostring(L, -1));
            not_found = lua_tostring(L, -1);
            if (lua_type(L, 3) != LUA_TSTRING || strncmp(lua_tostring(L, 3), not_found, strlen(not_found))) { lua_settop(L, 3); return lua_error(L); }
            if (lua_isnil(L, 2)) { lua_pushvalue(L, 3); lua_replace(L, 2); }
        }
        else {
            lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED"); lua_pushlstring(L, a->name, n); lua_rawget(L, -2);
            lua_replace(L, 3);
            lua_settop(L, 3);
            if (lua_toboolean(L, 3)) break;
        }
        while (n > 0 && a->name[n - 1] != '.') n--;
        if (n == 0) {
            a->out->tag = ML_NO_FUNCTION;
            if (lua_isnil(L, 2)) { lua_pushlstring(L, a->name, a->n); lua_pushfstring(L, "module '%s' is not loaded", lua_tostring(L, -1)); lua_replace(L, 2); }
            lua_settop(L, 2);
            a->out->text = lua_tolstring(L, 2, &a->out->text_len);
            return 1;
        }
        n--;
    }
    if (n == a->n && lua_istable(L, 3)) lua_getfield(L, 3, "handler");
    for (at = n; at < a->n; ) {
        size_t from = ++at;
        if (!lua_istable(L, -1) && !luaL_getmetafield(L, -1, "__index")) { lua_pushnil(L); break; }
        if (!lua_istable(L, -1)) lua_pop(L, 1);
        while (at < a->n && a->name[at] != '.') at++;
        lua_pushlstring(L, a->name + from, at - from); lua_gettable(L, -2);
    }
    if (!lua_isfunction(L, -1)) {
        if (!luaL_getmetafield(L, -1, "__call")) {
            a->out->tag = ML_NO_FUNCTION;
            lua_pushlstring(L, a->name, n);
            lua_pushfstring(L, "module '%s' has no function '%s'", lua_tostring(L, -1), n == a->n ? "handler" : a->name + n + 1);
            a->out->text = lua_tolstring(L, -1, &a->out->text_len);
            return 1;
        }
        lua_pop(L, 1);
    }
    a->out->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}
/* Called by handler.rs. `name` ends with a NUL. */
void ml_resolve(ml_state *me, const char *name, size_t n, int load, const ml_world *world, ml_out *out) {
    resolve_args a = { me, name, n, load, world, out }; lua_State *L = me->L; const ml_world *before = me->world; int rc;
    ml_sequence sequence;
    begin(me, out);
    if (me->depth == 0 && ml_must_seed(me)) ml_begin_random(me, &sequence);
    if (!lua_checkstack(L, 10)) { out->tag = ML_MEMORY; return; }
    lua_pushcfunction(L, message); lua_pushcfunction(L, p_resolve); lua_pushlightuserdata(L, &a);
    rc = lua_pcall(L, 1, 1, out->top + 1);
    ml_limit_holds(me, 0);
    if (rc) fail(L, out, rc);
    if (me->leaving && me->depth == 0) { me->leaving = 0; lua_sethook(L, NULL, 0, 0); out->tag = ML_EXIT; out->number = me->exit_status; }
    switch_back(L, me, before);
}
typedef struct { ml_state *me; const char *k, *v; size_t kn, vn; } set_args;
static int p_constant(lua_State *L) {
    set_args *a = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->me->loaded); lua_getfield(L, -1, "apache2");
    lua_pushlstring(L, a->k, a->kn); lua_pushlstring(L, a->v, a->vn); lua_settable(L, -3);
    return 0;
}
/* apache2[k] = v. Called by lua.rs. */
int ml_constant(ml_state *me, const char *k, size_t kn, const char *v, size_t vn) {
    set_args a = { me, k, v, kn, vn }; lua_State *L = me->L; int rc;
    me->stale = 1;
    if (!lua_checkstack(L, 6)) return 1;
    lua_pushcfunction(L, p_constant); lua_pushlightuserdata(L, &a);
    if ((rc = lua_pcall(L, 1, 0, 0))) lua_pop(L, 1);
    return rc;
}
void ml_drain_of(ml_state *me, mi_home *home) { if (home->drops) { me->stale = 1; ml_drain(me, home); } }
void ml_collect(ml_state *me) { ml_arena_collected(me); lua_gc(me->L, LUA_GCCOLLECT, 0); }
