/* One source for PUC Lua 5.4 and LuaJIT: what the older API lacks or names otherwise. */
#ifndef ML_COMPAT_H
#define ML_COMPAT_H
#if LUA_VERSION_NUM >= 504
#define ML_UPVALUE_ENV 1                /* a chunk's globals are its first upvalue */
#define ML_ARENAS 1                     /* a state's memory can be put back (arena.c) */
#define ml_new_box(L, n, values) lua_newuserdatauv(L, n, values)
#define ml_set_held(L, i) lua_setiuservalue(L, i, 1)
#define ml_load_text(L, reader, data, name) lua_load(L, reader, data, name, "t")
#define ml_load_binary(L, s, n, name) luaL_loadbufferx(L, s, n, name, "b")
#define ml_dump(L, writer, data) lua_dump(L, writer, data, 0)
#define ml_push_globals(L) lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS)
#define ml_resume(co, from, n, results) lua_resume(co, from, n, results)
#define ml_close_thread(co, from) ((void)(from), lua_resetthread(co))
#define ml_has_room(co, n) lua_checkstack(co, n)
#else
#define ML_UPVALUE_ENV 0                /* every function has an environment */
#define ML_ARENAS 0                     /* compiled code lies outside of a state's memory */
#define lua_rawlen lua_objlen
#define ml_new_box(L, n, values) lua_newuserdata(L, n)
/* A userdata's environment must be a table. */
#define ml_set_held(L, i) (lua_createtable(L, 1, 0), lua_insert(L, -2), lua_rawseti(L, -2, 1), lua_setfenv(L, i))
#define ml_load_text(L, reader, data, name) lua_loadx(L, reader, data, name, "t")
#define ml_load_binary(L, s, n, name) luaL_loadbufferx(L, s, n, name, "b")
#define ml_dump(L, writer, data) lua_dump(L, writer, data)
#define ml_push_globals(L) lua_pushvalue(L, LUA_GLOBALSINDEX)
#define ml_close_thread(co, from) ((void)(co), (void)(from))
/* Of a coroutine that has ended with an error: one whose stack has overflowed has some 40 values of it left, and to ask for any would raise an
 * error in the coroutine, which does not run. */
#define ml_has_room(co, n) ((void)(co), (n) <= 8)
static inline int ml_resume(lua_State *co, lua_State *from, int n, int *results) {
    int rc = lua_resume(co, n);
    (void)from;
    *results = rc == LUA_OK || rc == LUA_YIELD ? lua_gettop(co) : 0;
    return rc;
}
static inline int lua_absindex(lua_State *L, int i) { return i > 0 || i <= LUA_REGISTRYINDEX ? i : lua_gettop(L) + i + 1; }
static inline void lua_rawsetp(lua_State *L, int t, const void *p) {
    t = lua_absindex(L, t);
    lua_pushlightuserdata(L, (void *)p); lua_insert(L, -2); lua_rawset(L, t);
}
static inline void lua_rawgetp(lua_State *L, int t, const void *p) {
    t = lua_absindex(L, t);
    lua_pushlightuserdata(L, (void *)p); lua_rawget(L, t);
}
static inline const char *luaL_tolstring(lua_State *L, int i, size_t *n) {
    if (luaL_callmeta(L, i, "__tostring")) { if (!lua_isstring(L, -1)) luaL_error(L, "'__tostring' must return a string"); }
    else switch (lua_type(L, i)) {
    case LUA_TNUMBER: case LUA_TSTRING: lua_pushvalue(L, i); break;
    case LUA_TBOOLEAN: lua_pushstring(L, lua_toboolean(L, i) ? "true" : "false"); break;
    case LUA_TNIL: lua_pushliteral(L, "nil"); break;
    default: lua_pushfstring(L, "%s: %p", luaL_typename(L, i), lua_topointer(L, i));
    }
    return lua_tolstring(L, -1, n);
}
#endif
#endif
