/* Functions of `string` that answer at once where the original would go through its argument byte by byte: whatever is not plain is left
 * to the original, their first upvalue. Called by base.c. LuaJIT's own are fast. */
#include "shim.h"
#include <locale.h>

#if ML_UPVALUE_ENV
static int call_original(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1)); lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* ---- upper, lower: outside the C locale, whose letters are ASCII's, the original ---- */
enum { LONG = 128 };
static int is_c_locale(void) {
    const char *name = setlocale(LC_CTYPE, NULL);
    return name && (!strcmp(name, "C") || !strcmp(name, "POSIX") || !strcmp(name, "C.UTF-8"));
}
typedef unsigned char bytes __attribute__((vector_size(16)));
/* Letters from `first` on, of which there are 26, become those of the other case. */
static void shift_letters(const char *s, char *to, size_t n, unsigned char first) {
    size_t i = 0;
    for (; i + sizeof(bytes) <= n; i += sizeof(bytes)) {
        bytes v;
        memcpy(&v, s + i, sizeof v);
        v ^= (bytes)(v - first < 26) & 32;
        memcpy(to + i, &v, sizeof v);
    }
    for (; i < n; i++) to[i] = (char)(s[i] ^ ((unsigned char)(s[i] - first) < 26) << 5);
}
static int change_case(lua_State *L, unsigned char first) {
    size_t n; const char *s; luaL_Buffer b;
    if (lua_type(L, 1) != LUA_TSTRING || lua_rawlen(L, 1) < LONG || !is_c_locale()) return call_original(L);
    s = lua_tolstring(L, 1, &n);
    shift_letters(s, luaL_buffinitsize(L, &b, n), n, first);
    luaL_pushresultsize(&b, n);
    return 1;
}
static int l_upper(lua_State *L) { return change_case(L, 'a'); }
static int l_lower(lua_State *L) { return change_case(L, 'A'); }

/* ---- gsub: nothing to replace where the byte that each match must begin with is not there ---- */
static int first_byte(const char *p, size_t n) {
    int c, at = 1;
    if (n == 0) return -1;
    c = (unsigned char)p[0];
    if (c == '%') {                                     /* an escaped mark stands for itself */
        if (n < 2 || (c = (unsigned char)p[1]) >= 128 || !strchr("^$*+?.([%-])", c)) return -1;
        at = 2;
    }
    else if (strchr("^$.([)", c)) return -1;            /* also a NUL: strchr finds the end */
    return (size_t)at < n && strchr("*?-", p[at]) ? -1 : c;
}
static int l_gsub(lua_State *L) {
    if (lua_gettop(L) == 3 && lua_type(L, 1) == LUA_TSTRING && lua_type(L, 2) == LUA_TSTRING) {
        size_t n, np; const char *s = lua_tolstring(L, 1, &n), *p = lua_tolstring(L, 2, &np); int c = first_byte(p, np);
        if (c >= 0 && !memchr(s, c, n)) {
            switch (lua_type(L, 3)) {
            case LUA_TNUMBER: case LUA_TSTRING: case LUA_TFUNCTION: case LUA_TTABLE:
                lua_pushvalue(L, 1); lua_pushinteger(L, 0);
                return 2;
            }
        }
    }
    return call_original(L);
}

static void put(lua_State *L, const char *name, lua_CFunction f) {
    lua_getfield(L, -1, name); lua_pushcclosure(L, f, 1);
    lua_setfield(L, -2, name);
}
/* The table `string` is on top. */
void ml_open_text(lua_State *L) {
    put(L, "upper", l_upper);
    put(L, "lower", l_lower);
    put(L, "gsub", l_gsub);
}
#else
void ml_open_text(lua_State *L) { (void)L; }
#endif
