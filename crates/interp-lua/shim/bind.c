/* Classes and constants as Lua sees them. A class's metatable is made when its first object is, its table of functions, and the table of
 * a set of constants, when a script requires it: most states need few of them. Called by base.c. */
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
    lua_createtable(L, 0, 8);                           /* metatable */
    lua_createtable(L, 0, c < end ? (int)c->nrows : 0); /* names */
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
    ml_arena_bound(me, klass);
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

/* The set of constants behind package 2, a name with dots; nil if there is none. */
static int push_set(lua_State *L, const char *name) {
    const ml_const *k = ml_bound->consts, *end = k + ml_bound->nconsts; int found = 0;
    for (; k < end; k++) {
        const char *of = name, *set = k->set;
        while (*set && (*set == *of || (*set == ':' && set[1] == ':' && *of == '.'))) { set += *set == ':' ? 2 : 1; of++; }
        if (*set || *of) { if (found) break; continue; }
        if (!found) { lua_newtable(L); found = 1; }
        lua_pushstring(L, k->name);
        if (k->text) lua_pushlstring(L, k->text, k->text_len); else lua_pushinteger(L, (lua_Integer)k->number);
        lua_rawset(L, -3);
    }
    if (!found) lua_pushnil(L);
    return found;
}
static int given_table(lua_State *L) { lua_pushvalue(L, lua_upvalueindex(1)); return 1; }
/* package.preload["APR.Table"]: what of ours can be required is made when a script asks for it. */
static int preloaded(lua_State *L) {
    const ml_class *c = ml_bound->classes, *end = c + ml_bound->nclasses; const char *name;
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    name = lua_tostring(L, 2);
    for (; c < end; c++)
        if (!strcmp(c->module, name)) { lua_pushlightuserdata(L, (void *)c); lua_pushlightuserdata(L, ml_me(L, 2)); lua_pushcclosure(L, class_table, 2); return 1; }
    if (!push_set(L, name)) return 0;
    lua_pushcclosure(L, given_table, 1);
    return 1;
}
void ml_open_classes(lua_State *L, ml_state *me) {
    size_t i; int n = 0;
    luaL_checkstack(L, 12, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->package); lua_getfield(L, -1, "preload");
    lua_createtable(L, 0, 1);
    lua_pushnil(L); lua_pushlightuserdata(L, me); lua_pushcclosure(L, preloaded, 2); lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 2);
    for (i = 0; i < ml_bound->nconsts; i++) n += ml_bound->consts[i].is_first;
    lua_createtable(L, 0, n + 2);                       /* apache2, no larger than it has to be: each use copies it */
    for (i = 0; i < ml_bound->nconsts; i++) {
        const ml_const *k = ml_bound->consts + i;
        if (!k->is_first) continue;
        if (k->text) lua_pushlstring(L, k->text, k->text_len); else lua_pushinteger(L, (lua_Integer)k->number);
        lua_setfield(L, -2, k->name);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, me->loaded);
    lua_pushvalue(L, -2); lua_setfield(L, -2, "apache2");
    lua_pop(L, 1);
    lua_setglobal(L, "apache2");
}
