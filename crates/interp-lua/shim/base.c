/* How a state is made, and library functions that differ in a server: those that load code, those that would end the process, and those
 * of which the host wants to hear. Called by src/start.rs. */
#include "shim.h"
#include <dlfcn.h>

/* Calls the library's original function in place of which the script has ours. Upvalues, as of most functions here: the original, the
 * state. The error that the original raises names the function that the script called, and the line of that call: Lua itself sees only
 * a C function as the caller, which has neither. */
int ml_call_original(lua_State *L) {
    const char *text; char *end; long arg;
    lua_pushvalue(L, lua_upvalueindex(1)); lua_insert(L, 1);
    if (LIKELY(lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0) == LUA_OK)) return lua_gettop(L);
    if (lua_type(L, -1) != LUA_TSTRING) return lua_error(L);
    text = lua_tostring(L, -1);
    if (!strncmp(text, "bad argument #", 14) && (arg = strtol(text + 14, &end, 10)) > 0 && !strncmp(end, " to '?' (", 9) && end[9]) {
        lua_pushlstring(L, end + 9, strlen(end + 9) - 1);
        return luaL_argerror(L, (int)arg, lua_tostring(L, -1));
    }
    luaL_where(L, 1); lua_insert(L, -2); lua_concat(L, 2);
    return lua_error(L);
}

/* ---- load, loadfile, dofile: text only. What they load sees the globals of the script that calls ---- */
static int text_only(lua_State *L, int mode) {
    if (lua_isnoneornil(L, mode)) {
        if (lua_gettop(L) < mode) lua_settop(L, mode);
    }
    else if (!strchr(luaL_checkstring(L, mode), 't')) {
        lua_pushnil(L); lua_pushliteral(L, "precompiled chunks are refused");
        return 2;
    }
    lua_pushliteral(L, "t"); lua_replace(L, mode);
    return 0;
}
static int l_load(lua_State *L) { luaL_checkany(L, 1); return text_only(L, 3) ? 2 : ml_call_original(L); }
static int l_loadfile(lua_State *L) { if (lua_gettop(L) == 0) lua_settop(L, 1); return text_only(L, 2) ? 2 : ml_call_original(L); }
#if ML_UPVALUE_ENV
static int rest_of_dofile(lua_State *L, int status, lua_KContext at) { (void)status; return lua_gettop(L) - (int)at; }
#endif
static int l_dofile(lua_State *L) {
    const char *name = luaL_optstring(L, 1, NULL);
    lua_settop(L, 1);
    if (luaL_loadfilex(L, name, "t") != LUA_OK) return lua_error(L);
#if ML_UPVALUE_ENV
    lua_callk(L, 0, LUA_MULTRET, 1, rest_of_dofile);
#else
    lua_call(L, 0, LUA_MULTRET);
#endif
    return lua_gettop(L) - 1;
}
#if !ML_UPVALUE_ENV
static int l_loadstring(lua_State *L) {
    size_t n; const char *s = luaL_checklstring(L, 1, &n), *name = luaL_optstring(L, 2, s);
    if (luaL_loadbufferx(L, s, n, name, "t") == 0) return 1;
    lua_pushnil(L); lua_insert(L, -2);
    return 2;
}
/* As in Lua 5.2 and later, the metafield `__pairs` of an object or table says what its pairs are. */
static int l_pairs(lua_State *L) {
    if (!luaL_getmetafield(L, 1, "__pairs")) return ml_call_original(L);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
}
#endif

/* ---- require: Lua's own, with searchers of ours ---- */
#if ML_UPVALUE_ENV
#define SEARCHERS "searchers"
#else
#define SEARCHERS "loaders"
#endif
/* Pushes the file of the module at 1, which is looked for on the path that package has under `field`; else nil and the reason. */
static void search_path(lua_State *L, ml_state *me, const char *field) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->package);
    lua_getfield(L, -1, field);
    if (!lua_isstring(L, -1)) luaL_error(L, "'package.%s' must be a string", field);
    lua_pushvalue(L, lua_upvalueindex(1));              /* package.searchpath */
    lua_pushvalue(L, 1); lua_pushvalue(L, -3);
    lua_call(L, 2, 2);
}
static int search_lua(lua_State *L) {
    ml_state *me = ml_me(L, 2); lua_State *before = me->L; const char *file, *err; size_t n, len; int ref, rc;
    luaL_checkstring(L, 1);
    search_path(L, me, "path");
    if (!lua_isstring(L, -2)) return 1;
    lua_pop(L, 1);
    file = lua_tolstring(L, -1, &n);
    me->L = L;
    { int before = ml_limit_holds(me, 0); rc = me->host->load(me->rust, file, n, &ref, &err, &len); ml_limit_holds(me, before); }
    me->L = before;
    if (rc) {
        lua_pushlstring(L, err, len);
        return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", lua_tostring(L, 1), file, lua_tostring(L, -1));
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref); luaL_unref(L, LUA_REGISTRYINDEX, ref);
#if !ML_UPVALUE_ENV
    ml_push_globals(L); lua_setfenv(L, -2);
#endif
    lua_pushstring(L, file);
    return 2;
}
/* Code in C comes into the state, which may do more than libraries do. The file stays in the process when the state closes it: the next
 * use would load it anew. */
static void module_in_c(ml_state *me, const char *file) {
    void *library = file ? dlopen(file, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) : NULL;
    if (library) dlclose(library);
    ml_arena_collected(me);
}
/* C modules: only where they would call the very Lua that runs here. Upvalue 3: the original searcher. */
static int search_c(lua_State *L) {
    ml_state *me = ml_me(L, 2);
    if (me->refusal) {
        const char *name = luaL_checkstring(L, 1), *file;
        search_path(L, me, "cpath");
        if (!lua_isstring(L, -2)) return 1;
        file = lua_tostring(L, -2);
        return luaL_error(L, "C module '%s' (%s) is refused: %s", name, file, me->refusal);
    }
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(3)); lua_insert(L, 1);
    lua_call(L, 1, LUA_MULTRET);
    if (lua_isfunction(L, 1)) module_in_c(me, lua_tostring(L, 2));
    return lua_gettop(L);
}
#if !ML_UPVALUE_ENV
/* As Lua 5.4's own: LuaJIT's gives no second result, its message of a missing module has no line where Lua code does not call it, and a
 * module that failed to load is marked as being loaded for good. */
static const char loading_key;
/* Puts the loader of the module at 1 on top, and what its searcher said of it. From 4 on lie the reasons of those that found nothing. */
static void find_loader(lua_State *L, ml_state *me) {
    int i, reasons = 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->package); lua_getfield(L, -1, SEARCHERS); lua_remove(L, -2);     /* 3 */
    if (!lua_istable(L, 3)) luaL_error(L, "'package." SEARCHERS "' must be a table");
    for (i = 1;; i++) {
        luaL_checkstack(L, 4, NULL);
        lua_rawgeti(L, 3, i);
        if (lua_isnil(L, -1)) break;
        lua_pushvalue(L, 1);
        lua_call(L, 1, 2);
        if (lua_isfunction(L, -2)) return;
        lua_pop(L, 1);
        if (lua_isstring(L, -1)) reasons++; else lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_concat(L, reasons);
    luaL_error(L, "module '%s' not found:%s", lua_tostring(L, 1), lua_tostring(L, -1));
}
static int l_require(lua_State *L) {
    ml_state *me = ml_me(L, 2); int rc;
    luaL_checkstring(L, 1); lua_settop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");      /* 2 */
    lua_pushvalue(L, 1); lua_gettable(L, 2);
    if (lua_touserdata(L, -1) == (void *)&loading_key) return luaL_error(L, "loop loading module '%s'", lua_tostring(L, 1));
    if (lua_toboolean(L, -1)) return 1;
    lua_settop(L, 2);
    find_loader(L, me);
    lua_replace(L, 3); lua_insert(L, 3); lua_settop(L, 4);      /* 3: loader, 4: what its searcher said */
    lua_pushvalue(L, 1); lua_pushlightuserdata(L, (void *)&loading_key); lua_settable(L, 2);
    lua_insert(L, 3); lua_pushvalue(L, 1); lua_pushvalue(L, 3);
    rc = lua_pcall(L, 2, 1, 0);                         /* 3: what its searcher said, 4: the module */
    lua_pushvalue(L, 1); lua_gettable(L, 2);            /* 5 */
    if (lua_touserdata(L, 5) == (void *)&loading_key) {
        lua_pushvalue(L, 1);
        if (rc) lua_pushnil(L); else if (lua_isnil(L, 4)) lua_pushboolean(L, 1); else lua_pushvalue(L, 4);
        lua_settable(L, 2);
    }
    else if (!rc && !lua_isnil(L, 4)) { lua_pushvalue(L, 1); lua_pushvalue(L, 4); lua_settable(L, 2); }
    if (rc) { lua_settop(L, 4); return lua_error(L); }
    lua_pushvalue(L, 1); lua_gettable(L, 2);
    lua_pushvalue(L, 3);
    return 2;
}
#endif
static int l_loadlib(lua_State *L) {
    ml_state *me = ml_me(L, 2);
    if (me->refusal) return luaL_error(L, "package.loadlib is refused: %s", me->refusal);
    module_in_c(me, NULL);
    return ml_call_original(L);
}

/* ---- os.exit ends the handler, not the server ---- */
static int l_exit(lua_State *L) {
    int64_t status = lua_isboolean(L, 1) ? !lua_toboolean(L, 1) : (int64_t)luaL_optnumber(L, 1, 0);
    return ml_leave(L, ml_me(L, 2), status);
}

/* print and io.write go to the STDOUT of the process, which no client sees: the host learns of it (not of io.output(file)). Upvalue 3 of
 * io.write: the table io. */
static void note_print(ml_state *me) { me->host->printed(me->rust); }
static int l_print(lua_State *L) { note_print(ml_me(L, 2)); return ml_call_original(L); }
static int l_io_write(lua_State *L) {
    lua_getfield(L, lua_upvalueindex(3), "stdout");
    lua_getfield(L, lua_upvalueindex(3), "output"); lua_call(L, 0, 1);
    if (lua_rawequal(L, -1, -2)) note_print(ml_me(L, 2));
    lua_pop(L, 2);
    return ml_call_original(L);
}

#if ML_UPVALUE_ENV
/* warn: as in the program lua, warnings go to stderr, which is the error log, once a script has called warn("@on"). */
static void warns(void *data, const char *text, int goes_on) {
    ml_state *me = data;
    if (!me->warn_goes_on && !goes_on && *text == '@') {
        if (!strcmp(text, "@on")) me->warns = 1; else if (!strcmp(text, "@off")) me->warns = 0;
        return;
    }
    if (me->warns) fprintf(stderr, "%s%s%s", me->warn_goes_on ? "" : "Lua warning: ", text, goes_on ? "" : "\n");
    me->warn_goes_on = goes_on;
}
#endif
/* The collector writes to all that there is. In a state that is kept, "stop" holds until the call ends. */
static int l_collectgarbage(lua_State *L) {
    ml_state *me = ml_me(L, 2); const char *what = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
    if (strcmp(what, "count")) ml_arena_collected(me);
    if (!strcmp(what, "stop")) me->gc_stopped |= ML_GC_BY_SCRIPT;
    return ml_call_original(L);
}
#if ML_ARENAS
/* debug.setupvalue and upvaluejoin: functions are what a use only reads. */
static int l_changes_functions(lua_State *L) { ml_arena_touched(ml_me(L, 2)); return ml_call_original(L); }
#endif

/* ---- the development switch: globals that should not be there, by name, file and line ---- */
static void note_leak(lua_State *L, ml_state *me) {
    luaL_where(L, 1);
    if (lua_type(L, 2) == LUA_TSTRING) lua_pushvalue(L, 2); else lua_pushstring(L, luaL_typename(L, 2));
    lua_pushfstring(L, "%sglobal '%s'", lua_tostring(L, -2), lua_tostring(L, -1));
    { size_t n; const char *s = lua_tolstring(L, -1, &n); me->host->leak(me->rust, s, n); }
    lua_settop(L, 3);
}
static int watch_globals(lua_State *L) {
    ml_state *me = ml_me(L, 2);
    if (!me->at_start && !me->in_chunk) note_leak(L, me);
    lua_rawset(L, 1);
    return 0;
}

/* Replaces a field of the table on top by `f`, whose upvalues are the old value and the state. */
static void replace(lua_State *L, ml_state *me, const char *field, lua_CFunction f) {
    lua_getfield(L, -1, field); lua_pushlightuserdata(L, me); lua_pushcclosure(L, f, 2);
    lua_setfield(L, -2, field);
}
static void open_package(lua_State *L, ml_state *me) {
    int i;
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->package);     /* package */
    replace(L, me, "loadlib", l_loadlib);
    lua_getfield(L, -1, SEARCHERS);                     /* package, searchers */
    lua_getfield(L, -2, "searchpath"); lua_pushlightuserdata(L, me); lua_pushcclosure(L, search_lua, 2);
    lua_rawseti(L, -2, 2);
    for (i = 3; i <= 4; i++) {
        lua_getfield(L, -2, "searchpath"); lua_pushlightuserdata(L, me); lua_rawgeti(L, -3, i);
        if (lua_isnil(L, -1)) { lua_pop(L, 3); break; }
        lua_pushcclosure(L, search_c, 3);
        lua_rawseti(L, -2, i);
    }
    lua_pop(L, 2);
}
void ml_open_base(lua_State *L, ml_state *me) {
    ml_push_globals(L);
    lua_getfield(L, -1, "package"); me->package = luaL_ref(L, LUA_REGISTRYINDEX);
#if !ML_UPVALUE_ENV
    replace(L, me, "require", l_require);
#endif
    lua_getfield(L, -1, "require"); me->require = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED"); me->loaded = luaL_ref(L, LUA_REGISTRYINDEX);
    replace(L, me, "load", l_load);
    replace(L, me, "loadfile", l_loadfile);
    replace(L, me, "dofile", l_dofile);
#if !ML_UPVALUE_ENV
    replace(L, me, "loadstring", l_loadstring);
    replace(L, me, "pairs", l_pairs);
#endif
    replace(L, me, "collectgarbage", l_collectgarbage);
    replace(L, me, "print", l_print);
    lua_getfield(L, -1, "io");
    lua_getfield(L, -1, "write"); lua_pushlightuserdata(L, me); lua_pushvalue(L, -3); lua_pushcclosure(L, l_io_write, 3);
    lua_setfield(L, -2, "write"); lua_pop(L, 1);
    lua_getfield(L, -1, "os"); replace(L, me, "exit", l_exit); ml_open_locale(L, me); lua_pop(L, 1);
    lua_getfield(L, -1, "math"); ml_open_random(L, me); lua_pop(L, 1);
#if ML_ARENAS
    lua_getfield(L, -1, "debug");
    replace(L, me, "setupvalue", l_changes_functions); replace(L, me, "upvaluejoin", l_changes_functions);
    lua_pop(L, 1);
#endif
#if ML_UPVALUE_ENV
    lua_getfield(L, -1, "string"); ml_open_text(L); lua_pop(L, 1);
    lua_setwarnf(L, warns, me);
#endif
    ml_open_bits(L);
    open_package(L, me);
    if (me->watch) {
        lua_createtable(L, 0, 1);
        lua_pushnil(L); lua_pushlightuserdata(L, me); lua_pushcclosure(L, watch_globals, 2); lua_setfield(L, -2, "__newindex");
        lua_setmetatable(L, -2);
    }
    lua_pop(L, 1);
}

/* ---- making and ending a state ---- */
#if !ML_ARENAS
/* LuaJIT's own allocator, within a limit. */
static void *within_limit(void *data, void *p, size_t was, size_t n) {
    ml_heap *h = &((ml_state *)data)->heap; void *q;
    if (h->holds && n > was && UNLIKELY(n - was > h->limit || h->used > h->limit - (n - was))) return NULL;
    if ((q = h->own(h->data, p, was, n)) || n == 0) h->used += n - was;
    return q;
}
static void ml_heap_begin(lua_State *L, ml_state *me) {
    me->heap.own = lua_getallocf(L, &me->heap.data);
    me->heap.limit = SIZE_MAX / 2;
    me->heap.used = (size_t)lua_gc(L, LUA_GCCOUNT, 0) << 10 | (size_t)lua_gc(L, LUA_GCCOUNTB, 0);
    lua_setallocf(L, within_limit, me);
}
#endif
/* Called by src/handler.rs, in a process of its own. */
void ml_lines_go_out(void) { setvbuf(stdout, NULL, _IOLBF, BUFSIZ); }

static int p_open(lua_State *L) {
    ml_state *me = lua_touserdata(L, 1);
    luaL_openlibs(L);
#if ML_ARENAS
    ml_arena_know(L, me);
#endif
    luaL_checkstack(L, 20, NULL);
    lua_pushlightuserdata(L, me); lua_rawsetp(L, LUA_REGISTRYINDEX, &ml_state_key);
    /* httpd opens stderr anew when it detaches. The C library would then buffer what scripts write there until the process ends. */
    setvbuf(stderr, NULL, _IONBF, 0);
    ml_open_base(L, me);
    ml_open_classes(L, me);
    return 0;
}
/* Makes the state, with its libraries open and the API bound. 0, or 1: Lua's message is in `err`. */
int ml_open(ml_state *me, char *err, size_t room) {
    lua_State *L; int rc;
#if ML_ARENAS
    L = ml_arena_new(me);
#else
    if ((L = luaL_newstate())) ml_heap_begin(L, me);
#endif
    if (!L) { snprintf(err, room, "there is no memory for a state"); return 1; }
    me->L = me->main = L;
#if ML_UPVALUE_ENV
    *(ml_state **)lua_getextraspace(L) = me;
#endif
    lua_gc(L, LUA_GCSTOP, 0);
    lua_pushcfunction(L, p_open); lua_pushlightuserdata(L, me);
    if ((rc = lua_pcall(L, 1, 0, 0))) {
        snprintf(err, room, "%s", lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "not enough memory");
        return rc;
    }
    lua_gc(L, LUA_GCRESTART, 0);
#if ML_ARENAS
    ml_arena_ready(me);
#endif
    return 0;
}
/* What the state may hold from now on. What it holds of its own is there by then: the host compares that with the limit. */
void ml_limit(ml_state *me, size_t limit) {
#if ML_ARENAS
    ml_arena_limit(me, limit);
#else
    me->heap.limit = limit;
#endif
}
/* Ends the state: its finalizers run. */
void ml_close(ml_state *me) {
#if !ML_ARENAS
    if (me->main) lua_setallocf(me->main, me->heap.own, me->heap.data);     /* LuaJIT frees all of its own at once */
#endif
    if (me->main) lua_close(me->main);
    me->main = me->L = NULL;
    ml_end_locale(me, 1);
#if ML_ARENAS
    ml_arena_free(me);
#endif
}
size_t ml_used(const ml_state *me) {
#if ML_ARENAS
    return ml_arena_used(me);
#else
    return me->heap.used;
#endif
}
ml_state *ml_new(const ml_host *host, const char *refusal, int watch) {
    ml_state *me = calloc(1, sizeof *me);
    if (me) { me->host = host; me->refusal = refusal; me->watch = watch; me->at_start = 1; me->stale = 1; }
    return me;
}
void ml_attach(ml_state *me, mi_home *home, void *rust) { me->home = home; me->rust = rust; me->stale = 1; }
void ml_at_start(ml_state *me, int yes) { me->at_start = yes; }
void ml_free(ml_state *me) { free(me); }
/* package.path and cpath as Lua has them from the start; the bytes of each, which are left out where there is no room. */
size_t ml_default_path(ml_state *me, const char *field, char *to, size_t room) {
    lua_State *L = me->L; size_t n = 0; const char *path;
    if (!lua_checkstack(L, 4)) return 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->package); lua_pushstring(L, field); lua_rawget(L, -2);
    path = lua_tolstring(L, -1, &n);
    if (path && n <= room) memcpy(to, path, n); else n = 0;
    lua_pop(L, 2);
    return n;
}

/* File and line of the script's code that called the row that runs: the line, or 0. Called by src/lua.rs. */
int ml_caller(ml_state *me, char *file, size_t room) {
    lua_Debug ar; int level;
    for (level = 0; lua_getstack(me->L, level, &ar); level++) {
        if (!lua_getinfo(me->L, "Sl", &ar)) return 0;
        if (ar.currentline > 0) {
            const char *source = *ar.source == '@' || *ar.source == '=' ? ar.source + 1 : ar.short_src;
            snprintf(file, room, "%s", source);
            return ar.currentline;
        }
    }
    return 0;
}
