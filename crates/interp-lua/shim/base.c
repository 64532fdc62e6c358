/* Library functions that differ in a state that serves many scripts: those that load code, those that would end the server, and those
 * that would let one script's globals reach another's. Called by src/start.rs (through ml_start). */
#include "shim.h"
#include <stdio.h>

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

/* ---- require ---- */
/* A module is loaded once for all that runs in its world, with the state's own globals; or, in an env that has modules of its own, once
 * for that env, with the env's globals, as in a state that nobody else uses. What it does not have itself the world has: libraries,
 * what start-up code loaded, C modules. */
#if ML_UPVALUE_ENV
#define SEARCHERS "searchers"
#else
#define SEARCHERS "loaders"
#endif
static const char own_modules_key;
static void install_modules(lua_State *L, ml_state *me) {   /* package.loaded is the table on top, which is popped */
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->package);
    lua_pushvalue(L, -2); lua_setfield(L, -2, "loaded");
    lua_pop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "_LOADED");
}
static void own_modules(lua_State *L, ml_state *me) {   /* 1: the name */
    ml_push_globals(L);
    lua_rawgetp(L, -1, &own_modules_key);
    if (lua_isnil(L, -1)) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, me->world->loaded);
        lua_pushvalue(L, 1); lua_rawget(L, -2);
        if (lua_toboolean(L, -1)) { lua_settop(L, 1); return; }
        lua_newtable(L);
        lua_createtable(L, 0, 1); lua_pushvalue(L, -4); lua_setfield(L, -2, "__index"); lua_setmetatable(L, -2);
        lua_pushvalue(L, -1); lua_rawsetp(L, 2, &own_modules_key);
    }
    else if (me->swapped) { lua_settop(L, 1); return; }
    install_modules(L, me);
    me->swapped = 1;
    lua_settop(L, 1);
}
static void share_module(lua_State *L, ml_state *me) {  /* the C module 1, which a state has once */
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED"); lua_pushvalue(L, 1); lua_rawget(L, -2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->world->loaded); lua_pushvalue(L, 1); lua_pushvalue(L, -3); lua_rawset(L, -3);
    lua_pop(L, 3);
}
/* Calls a function of the module at 1; it lies below its `n` arguments. What it loads has the state's globals, unless the env has modules
 * of its own (`own`). */
static void call_apart(lua_State *L, ml_state *me, int own, int n, int results) {
    int rc, in_chunk = me->in_chunk, at = lua_gettop(L) - n;
    if (LIKELY(own && ML_UPVALUE_ENV && !me->watch)) { lua_call(L, n, results); return; }
    ml_push_globals(L); lua_insert(L, at);
    if (!own) { lua_rawgeti(L, LUA_REGISTRYINDEX, me->globals); ml_set_globals(L); }
    me->in_chunk = 0;
    rc = lua_pcall(L, n, results, 0);
    me->in_chunk = in_chunk;
    lua_pushvalue(L, at); ml_set_globals(L);
    lua_remove(L, at);
    if (LIKELY(!rc)) return;
    if (!ML_UPVALUE_ENV) { lua_pushvalue(L, 1); lua_pushnil(L); lua_rawset(L, 2); }     /* LuaJIT marks a module that is being loaded; left there, the mark would refuse the module for ever */
    lua_error(L);
}
/* Puts the loader of the module at 1 on top, and what its searcher said of it. An error has the line that called require, as Lua's own
 * require gives it; so Lua's own is not called for this. From 4 on lie the reasons of the searchers that found nothing. */
static void find_loader(lua_State *L, ml_state *me, int own) {
    int i, reasons = 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->package); lua_getfield(L, -1, SEARCHERS); lua_remove(L, -2);     /* 3 */
    if (!lua_istable(L, 3)) luaL_error(L, "'package." SEARCHERS "' must be a table");
    for (i = 1;; i++) {
        luaL_checkstack(L, 4, NULL);
        lua_rawgeti(L, 3, i);
        if (lua_isnil(L, -1)) break;
        lua_pushvalue(L, 1);
        call_apart(L, me, own, 1, 2);
        if (lua_isfunction(L, -2)) return;
        lua_pop(L, 1);
        if (lua_isstring(L, -1)) {
#if ML_UPVALUE_ENV
            lua_pushliteral(L, "\n\t"); lua_insert(L, -2); reasons++;
#endif
            reasons++;
        }
        else lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_concat(L, reasons);
    luaL_error(L, "module '%s' not found:%s", lua_tostring(L, 1), lua_tostring(L, -1));
}
/* Opens a C module for all that run in the state: with the state's globals, and the modules that all share. Upvalue 1: its luaopen. */
static int open_shared(lua_State *L) {
    ml_state *me = ml_me(L, 2); int rc;
    ml_push_globals(L); lua_insert(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->globals); ml_set_globals(L);
    me->own_modules = 0;
    lua_pushvalue(L, lua_upvalueindex(1)); lua_insert(L, 2);
    rc = lua_pcall(L, lua_gettop(L) - 2, 1, 0);
    me->own_modules = ML_OWN_MODULES;
    lua_pushvalue(L, 1); ml_set_globals(L);
    return rc ? lua_error(L) : 1;
}
static const char loading_key;                          /* a module that is being loaded: LuaJIT */
static int l_require(lua_State *L) {
    ml_state *me = ml_me(L, 2); int own = me->own_modules, is_shared;
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    if (own) own_modules(L, me);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");              /* 2 */
    lua_pushvalue(L, 1); lua_gettable(L, 2);
    if (lua_touserdata(L, -1) == (void *)&loading_key) return luaL_error(L, "loop or previous error loading module '%s'", lua_tostring(L, 1));
    if (lua_toboolean(L, -1)) return 1;
    lua_settop(L, 2);
    find_loader(L, me, own);
    lua_replace(L, 3); lua_insert(L, 3); lua_settop(L, 4);      /* 3: loader, 4: what its searcher said */
    is_shared = lua_tocfunction(L, 3) == open_shared;
#if !ML_UPVALUE_ENV
    lua_pushvalue(L, 1); lua_pushlightuserdata(L, (void *)&loading_key); lua_settable(L, 2);
#endif
    lua_insert(L, 3); lua_pushvalue(L, 1); lua_pushvalue(L, 3);
    call_apart(L, me, own, 2, 1);                               /* 3: what its searcher said, 4: the module */
    if (!lua_isnil(L, 4)) { lua_pushvalue(L, 1); lua_pushvalue(L, 4); lua_settable(L, 2); }
    lua_pushvalue(L, 1); lua_gettable(L, 2);
    if (lua_isnil(L, -1) || lua_touserdata(L, -1) == (void *)&loading_key) {
        lua_pushboolean(L, 1); lua_replace(L, -2);
        lua_pushvalue(L, 1); lua_pushvalue(L, -2); lua_settable(L, 2);
    }
    if (is_shared) share_module(L, me);
    lua_pushvalue(L, 3);
    return 2;
}
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
    rc = me->host->load(me->rust, file, n, &ref, &err, &len);
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
    if (me->own_modules && lua_isfunction(L, 1)) {
        lua_pushvalue(L, 1); lua_pushlightuserdata(L, me); lua_pushcclosure(L, open_shared, 2);
        lua_replace(L, 1);
    }
    return lua_gettop(L);
}
static int l_loadlib(lua_State *L) {
    ml_state *me = ml_me(L, 2);
    if (me->refusal) return luaL_error(L, "package.loadlib is refused: %s", me->refusal);
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

/* collectgarbage("stop") holds until the call ends, since other scripts use the state after that. */
static int l_collectgarbage(lua_State *L) {
    if (lua_type(L, 1) == LUA_TSTRING && !strcmp(lua_tostring(L, 1), "stop")) ml_me(L, 2)->gc_stopped |= ML_GC_BY_SCRIPT;
    return ml_call_original(L);
}

/* ---- envs ---- */
/* Does the table at 1 have the metatable that all envs share? A script that wants one for its globals gets all globals in its own
 * table, as if it had the state to itself. */
static int is_env(lua_State *L, ml_state *me) {
    int same;
    if (!lua_istable(L, 1) || !lua_getmetatable(L, 1)) return 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->env_meta);
    same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}
static void fill_missing(lua_State *L, ml_state *me, int to) {      /* copies the globals that `to` lacks */
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->globals);
    lua_pushnil(L);
    while (lua_next(L, -2)) {                           /* G, key, value */
        lua_pushvalue(L, -2); lua_rawget(L, to);
        if (lua_isnil(L, -1)) { lua_pushvalue(L, -3); lua_pushvalue(L, -3); lua_rawset(L, to); }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}
static int l_getmetatable(lua_State *L) {
    ml_state *me = ml_me(L, 2);
    luaL_checkany(L, 1);
    if (is_env(L, me)) { fill_missing(L, me, 1); lua_pushnil(L); lua_setmetatable(L, 1); }
    if (!lua_getmetatable(L, 1)) { lua_pushnil(L); return 1; }
    lua_pushliteral(L, "__metatable"); lua_rawget(L, -2);
    if (lua_isnil(L, -1)) lua_pop(L, 1);
    return 1;
}
static int l_setmetatable(lua_State *L) {
    ml_state *me = ml_me(L, 2); int t = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
#if ML_UPVALUE_ENV
    luaL_argexpected(L, t == LUA_TNIL || t == LUA_TTABLE, 2, "nil or table");
#else
    luaL_argcheck(L, t == LUA_TNIL || t == LUA_TTABLE, 2, "nil or table expected");
#endif
    if (is_env(L, me)) { fill_missing(L, me, 1); lua_pushnil(L); lua_setmetatable(L, 1); }
    else if (luaL_getmetafield(L, 1, "__metatable")) return luaL_error(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}
static int env_pairs(lua_State *L) {                    /* upvalues: next, the state */
    ml_state *me = ml_me(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, 1)) { lua_pushvalue(L, -2); lua_insert(L, -2); lua_rawset(L, 3); }
    lua_pushnil(L); lua_rawsetp(L, 3, &own_modules_key);
    fill_missing(L, me, 3);
    lua_pushnil(L);
    return 3;
}

/* ---- the development switch: globals that should not be there, by name, file and line ---- */
static void note_leak(lua_State *L, ml_state *me, const char *whose) {
    luaL_where(L, 1);
    if (lua_type(L, 2) == LUA_TSTRING) lua_pushvalue(L, 2); else lua_pushstring(L, luaL_typename(L, 2));
    lua_pushfstring(L, "%s%s '%s'", lua_tostring(L, -2), whose, lua_tostring(L, -1));
    { size_t n; const char *s = lua_tolstring(L, -1, &n); me->host->leak(me->rust, s, n); }
    lua_settop(L, 3);
}
static int watch_globals(lua_State *L) {
    ml_state *me = ml_me(L, 2);
    if (!me->at_start) note_leak(L, me, "shared global");
    lua_rawset(L, 1);
    return 0;
}
static int watch_env(lua_State *L) {
    ml_state *me = ml_me(L, 2);
    if (!me->in_chunk) note_leak(L, me, "global");
    lua_rawset(L, 1);
    return 0;
}

/* ---- package.path and cpath: the world's, until the script sets its own for the time it runs ---- */
static int which_path(lua_State *L) {
    const char *k = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    return !strcmp(k, "path") ? 0 : !strcmp(k, "cpath") ? 1 : -1;
}
static int package_index(lua_State *L) {
    ml_state *me = ml_me(L, 2); int i = which_path(L);
    if (i < 0) return 0;
    if (me->own[i] != LUA_NOREF) lua_rawgeti(L, LUA_REGISTRYINDEX, me->own[i]);
    else if (me->world) lua_rawgeti(L, LUA_REGISTRYINDEX, i ? me->world->cpath : me->world->path);
    else lua_pushnil(L);
    return 1;
}
static int package_newindex(lua_State *L) {
    ml_state *me = ml_me(L, 2); int i = which_path(L), ref;
    lua_settop(L, 3);
    if (i < 0) { lua_rawset(L, 1); return 0; }
    ref = luaL_ref(L, LUA_REGISTRYINDEX);
    luaL_unref(L, LUA_REGISTRYINDEX, me->own[i]);
    me->own[i] = ref;
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
    lua_pushnil(L); lua_setfield(L, -2, "path"); lua_pushnil(L); lua_setfield(L, -2, "cpath");
    lua_newtable(L);
    lua_pushnil(L); lua_pushlightuserdata(L, me); lua_pushcclosure(L, package_index, 2); lua_setfield(L, -2, "__index");
    lua_pushnil(L); lua_pushlightuserdata(L, me); lua_pushcclosure(L, package_newindex, 2); lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
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
    lua_pushvalue(L, -1); me->globals = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_getfield(L, -1, "package"); me->package = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED"); me->loaded = luaL_ref(L, LUA_REGISTRYINDEX);
    replace(L, me, "load", l_load);
    replace(L, me, "loadfile", l_loadfile);
    replace(L, me, "dofile", l_dofile);
#if !ML_UPVALUE_ENV
    replace(L, me, "loadstring", l_loadstring);
    replace(L, me, "pairs", l_pairs);
#endif
    replace(L, me, "require", l_require);
    lua_getfield(L, -1, "require"); me->require = luaL_ref(L, LUA_REGISTRYINDEX);
    replace(L, me, "collectgarbage", l_collectgarbage);
    replace(L, me, "print", l_print);
    lua_getfield(L, -1, "io");
    lua_getfield(L, -1, "write"); lua_pushlightuserdata(L, me); lua_pushvalue(L, -3); lua_pushcclosure(L, l_io_write, 3);
    lua_setfield(L, -2, "write"); lua_pop(L, 1);
    replace(L, me, "getmetatable", l_getmetatable);
    replace(L, me, "setmetatable", l_setmetatable);
    lua_getfield(L, -1, "os"); replace(L, me, "exit", l_exit); lua_pop(L, 1);
    lua_getfield(L, -1, "math"); ml_open_random(L, me); lua_pop(L, 1);
#if ML_UPVALUE_ENV
    lua_getfield(L, -1, "string"); ml_open_text(L); lua_pop(L, 1);
    ml_open_bits(L);
#endif
    open_package(L, me);
    lua_newtable(L);                                    /* the metatable of envs */
    lua_pushvalue(L, -2); lua_setfield(L, -2, "__index");
    lua_getfield(L, -2, "next"); lua_pushlightuserdata(L, me); lua_pushcclosure(L, env_pairs, 2); lua_setfield(L, -2, "__pairs");
    if (me->watch) {
        lua_pushnil(L); lua_pushlightuserdata(L, me); lua_pushcclosure(L, watch_env, 2); lua_setfield(L, -2, "__newindex");
        lua_newtable(L);
        lua_pushnil(L); lua_pushlightuserdata(L, me); lua_pushcclosure(L, watch_globals, 2); lua_setfield(L, -2, "__newindex");
        lua_setmetatable(L, -3);
    }
    me->env_meta = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);                                    /* envs' own paths, by env */
    lua_newtable(L); lua_pushliteral(L, "k"); lua_setfield(L, -2, "__mode"); lua_setmetatable(L, -2);
    me->paths = luaL_ref(L, LUA_REGISTRYINDEX);
    if (luaL_loadstring(L, "return function(e) return function() return e end end")) lua_error(L);
    lua_call(L, 0, 1);
    me->carrier = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pop(L, 1);
}

/* Prepares a new state with its libraries open; may raise. Called by src/start.rs inside mlua's protection. */
void ml_start(lua_State *L, ml_state *me) {
    luaL_checkstack(L, 20, NULL);
    ml_push_main(L); me->main = me->L = lua_tothread(L, -1); lua_pop(L, 1);
#if ML_UPVALUE_ENV
    *(ml_state **)lua_getextraspace(me->main) = me;
    *(ml_state **)lua_getextraspace(L) = me;
#endif
    lua_pushlightuserdata(L, me); lua_rawsetp(L, LUA_REGISTRYINDEX, &ml_state_key);
    /* httpd opens stderr anew when it detaches. The C library would then buffer what scripts write there until the process ends. */
    setvbuf(stderr, NULL, _IONBF, 0);
    ml_open_base(L, me);
    ml_open_classes(L, me);
#ifdef LUA_GCGEN
    lua_gc(L, LUA_GCGEN, 0, 0);         /* What a request leaves is young. Walking over older objects took a fifth of an echo's instructions. */
#endif
}
ml_state *ml_new(const ml_host *host, const char *refusal, int watch) {
    ml_state *me = calloc(1, sizeof *me);
    if (me) { me->host = host; me->refusal = refusal; me->watch = watch; me->at_start = 1; me->own[0] = me->own[1] = LUA_NOREF; }
    return me;
}
void ml_attach(ml_state *me, mi_home *home, void *rust) { me->home = home; me->rust = rust; }
void ml_at_start(ml_state *me, int yes) { me->at_start = yes; }
void ml_free(ml_state *me) { free(me); }
int ml_globals_ref(const ml_state *me) { return me->globals; }

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
