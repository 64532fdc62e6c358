/* `bit32` of Lua 5.2, which Debian's 5.3 still has, and neither 5.4 nor LuaJIT: scripts written for mod_lua use it. Numbers of 32 bits. In C, since a
 * state's collector would visit functions in Lua again and again. Called by base.c. */
#include "shim.h"

static uint32_t word(lua_State *L, int i) { return (uint32_t)luaL_checkinteger(L, i); }
static int give(lua_State *L, uint32_t v) { lua_pushinteger(L, (lua_Integer)v); return 1; }

static uint32_t all_and(lua_State *L) {
    uint32_t v = UINT32_MAX; int i, n = lua_gettop(L);
    for (i = 1; i <= n; i++) v &= word(L, i);
    return v;
}
static int b_and(lua_State *L) { return give(L, all_and(L)); }
static int b_test(lua_State *L) { lua_pushboolean(L, all_and(L) != 0); return 1; }
static int b_or(lua_State *L) {
    uint32_t v = 0; int i, n = lua_gettop(L);
    for (i = 1; i <= n; i++) v |= word(L, i);
    return give(L, v);
}
static int b_xor(lua_State *L) {
    uint32_t v = 0; int i, n = lua_gettop(L);
    for (i = 1; i <= n; i++) v ^= word(L, i);
    return give(L, v);
}
static int b_not(lua_State *L) { return give(L, ~word(L, 1)); }

/* Shifts to the left, or with a negative count to the right. */
static uint32_t shifted(uint32_t v, lua_Integer n) {
    if (n <= -32 || n >= 32) return 0;
    return n < 0 ? v >> -n : v << n;
}
static int b_lshift(lua_State *L) { return give(L, shifted(word(L, 1), luaL_checkinteger(L, 2))); }
static int b_rshift(lua_State *L) {
    uint32_t v = word(L, 1); lua_Integer n = luaL_checkinteger(L, 2);
    if (n <= -32 || n >= 32) return give(L, 0);
    return give(L, shifted(v, -n));
}
static int b_arshift(lua_State *L) {
    uint32_t v = word(L, 1); lua_Integer n = luaL_checkinteger(L, 2);
    if (n < 0 || !(v >> 31)) return b_rshift(L);
    return give(L, n >= 32 ? UINT32_MAX : v >> n | ~(UINT32_MAX >> n));
}
static int rotated(lua_State *L, uint32_t v, unsigned n) { return give(L, v << (n & 31) | v >> (-n & 31)); }
static int b_lrotate(lua_State *L) { uint32_t v = word(L, 1); return rotated(L, v, (unsigned)luaL_checkinteger(L, 2)); }
static int b_rrotate(lua_State *L) { uint32_t v = word(L, 1); return rotated(L, v, -(unsigned)luaL_checkinteger(L, 2)); }

/* The mask of a field, not shifted to its place yet. Argument i is the field's first bit, the one behind it the width, which is 1 if it
 * is left out. */
static uint32_t mask(lua_State *L, int i, int *at) {
    lua_Integer field = luaL_checkinteger(L, i), width = luaL_optinteger(L, i + 1, 1);
    luaL_argcheck(L, field >= 0, i, "field cannot be negative");
    luaL_argcheck(L, width > 0, i + 1, "width must be positive");
    if (field > 32 || width > 32 || field + width > 32) luaL_error(L, "trying to access non-existent bits");
    *at = (int)field;
    return UINT32_MAX >> (32 - width);
}
static int b_extract(lua_State *L) {
    uint32_t v = word(L, 1), m; int at;
    m = mask(L, 2, &at);
    return give(L, v >> at & m);
}
static int b_replace(lua_State *L) {
    uint32_t v = word(L, 1), with = word(L, 2), m; int at;
    m = mask(L, 3, &at);
    return give(L, (v & ~(m << at)) | (with & m) << at);
}

static const luaL_Reg bit32[] = {
    { "band", b_and }, { "btest", b_test }, { "bor", b_or }, { "bxor", b_xor }, { "bnot", b_not },
    { "lshift", b_lshift }, { "rshift", b_rshift }, { "arshift", b_arshift }, { "lrotate", b_lrotate }, { "rrotate", b_rrotate },
    { "extract", b_extract }, { "replace", b_replace }, { NULL, NULL },
};
#if ML_UPVALUE_ENV
static int open_bit32(lua_State *L) { luaL_newlib(L, bit32); return 1; }
void ml_open_bits(lua_State *L) { luaL_requiref(L, "bit32", open_bit32, 1); lua_pop(L, 1); }
#else
void ml_open_bits(lua_State *L) { luaL_register(L, "bit32", bit32); lua_pop(L, 1); }
#endif
