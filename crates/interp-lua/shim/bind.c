/* Classes and constants as Lua sees them. A class's metatable is made when its first object is, its table of functions when a script
 * requires it: most states need few of them. Called by src/start.rs (through ml_start). */
#include "shim.h"

const ml_tables *ml_bound;
void ml_init(const mi_rust *rust, const ml_tables *tables) { ml_rust = rust; ml_bound = tables; }

static void push_door(lua_State *L, ml_state *me, const mi_row *row, lua_CFunction door) {
    lua_pushlightuserdata(L, (void *)row); lua_pushlightuserdata(L, me);
    lua_pushcclosure(L, door, 2);
}
/* Makes `__index` or `__newindex`, which look a name up in the table on top. */
static void push_access(lua_State *L, ml_state *me, const ml_class *c, const mi_row *own, lua_CFunction f) {
    lua_pushvalue(L, -1); lua_pushlightuserdata(L, me);
    if (own) lua_pushlightuserdata(L, (void *)own); else lua_pushnil(L);
    lua_pushstring(L, c->module);
    lua_pushcclosure(L, f, 4);
}
void ml_bind_class(lua_State *L, ml_state *me, const mi_class *klass) {
    const ml_class *c = ml_bound->classes, *end = c + ml_bound->nclasses; const mi_row *index = NULL, *newindex = NULL; size_t i;
    luaL_checkstack(L, 8, NULL);
    while (c < end && c->klass != klass) c++;
    lua_newtable(L);                                    /* metatable */
    lua_newtable(L);                                    /* names */
    for (i = 0; c < end && i < c->nrows; i++) {
        const ml_row *r = c->rows + i;
        if (!strcmp(r->name, "__index")) index = r->row;
        else if (!strcmp(r->name, "__newindex")) newindex = r->row;
        else if (r->name[0] == '_' && r->name[1] == '_') {
            lua_pushlstring(L, r->name, r->len);
            push_door(L, me, r->row, strcmp(r->name, "__pairs") ? ml_meta_door : ml_pairs_door);
            lua_rawset(L, -4);
        }
        else {
            lua_pushlstring(L, r->name, r->len);
            if (r->field) lua_pushlightuserdata(L, (void *)r->row); else push_door(L, me, r->row, ml_door);
            lua_rawset(L, -3);
        }
    }
    if (c == end) luaL_error(L, "class %s is bound nowhere", klass->name);
    push_access(L, me, c, index, index ? ml_own_index : ml_index); lua_setfield(L, -3, "__index");
    push_access(L, me, c, newindex, ml_newindex); lua_setfield(L, -3, "__newindex");
    lua_pop(L, 1);
    lua_pushstring(L, c->name); lua_setfield(L, -2, "__name");
    me->meta[klass->id] = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* What require "APR.Table" gives: a table of its functions, class methods, and the methods of its objects. There is one per state. */
static int class_table(lua_State *L) {
    const ml_class *c = lua_touserdata(L, lua_upvalueindex(1)); ml_state *me = ml_me(L, 2); size_t i;
    lua_rawgetp(L, LUA_REGISTRYINDEX, c);
    if (!lua_isnil(L, -1)) return 1;
    lua_createtable(L, 0, (int)c->nrows);
    for (i = 0; i < c->nrows; i++) {
        const ml_row *r = c->rows + i;
        if (r->field || (r->name[0] == '_' && r->name[1] == '_')) continue;
        lua_pushlstring(L, r->name, r->len); push_door(L, me, r->row, ml_door);
        lua_rawset(L, -3);
    }
    lua_newtable(L); lua_pushstring(L, c->name); lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1); lua_rawsetp(L, LUA_REGISTRYINDEX, c);
    return 1;
}
static int given_table(lua_State *L) { lua_pushvalue(L, lua_upvalueindex(1)); return 1; }

/* Pops the table on top, a set of constants, which can be required from now on under its package's name with dots. */
static void preload_set(lua_State *L, const char *name) {
    luaL_gsub(L, name, "::", ".");                      /* set, name */
    lua_insert(L, -2);
    lua_pushcclosure(L, given_table, 1);
    lua_rawset(L, -3);
}
void ml_open_classes(lua_State *L, ml_state *me) {
    const ml_class *c = ml_bound->classes, *end = c + ml_bound->nclasses; size_t i;
    const char *set = NULL;
    luaL_checkstack(L, 12, NULL);
    lua_newtable(L);                                    /* apache2 */
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->package); lua_getfield(L, -1, "preload"); lua_remove(L, -2);
    for (; c < end; c++) {
        lua_pushlightuserdata(L, (void *)c); lua_pushlightuserdata(L, me); lua_pushcclosure(L, class_table, 2);
        lua_setfield(L, -2, c->module);
    }
    for (i = 0; i < ml_bound->nconsts; i++) {           /* apache2, preload, and the set that is being filled */
        const ml_const *k = ml_bound->consts + i;
        if (!set || strcmp(set, k->set)) {
            if (set) preload_set(L, set);
            set = k->set;
            lua_newtable(L);
        }
        if (k->text) lua_pushlstring(L, k->text, k->text_len); else lua_pushinteger(L, (lua_Integer)k->number);
        lua_getfield(L, -4, k->name);
        if (lua_isnil(L, -1)) { lua_pushvalue(L, -2); lua_setfield(L, -6, k->name); }
        lua_pop(L, 1);
        lua_setfield(L, -2, k->name);
    }
    if (set) preload_set(L, set);
    lua_pop(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->loaded);
    lua_pushvalue(L, -2); lua_setfield(L, -2, "apache2");
    lua_pop(L, 1);
    lua_setglobal(L, "apache2");
}
