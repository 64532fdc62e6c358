/* `string.upper` and `string.lower`, many bytes at a time: Lua's own call the C library for each. A filter that changes an answer's case
 * spends nearly all its time there. Called by base.c. */
#include "shim.h"
#include <ctype.h>

#if ML_UPVALUE_ENV                      /* LuaJIT's own are fast */
enum { LONG = 64 };
/* Whether upper and lower case are those of ASCII in the locale that holds. */
static int is_plain_locale(void) {
    const char *name = uselocale(NULL) == LC_GLOBAL_LOCALE ? setlocale(LC_CTYPE, NULL) : NULL;
    return name && (!strcmp(name, "C") || !strcmp(name, "POSIX") || !strcmp(name, "C.UTF-8"));
}

typedef unsigned char bytes __attribute__((vector_size(16)));
typedef signed char numbers __attribute__((vector_size(16)));
/* Changes the case of the 26 letters that begin with `first`. */
static void shift_letters(const char *s, char *to, size_t n, unsigned char first) {
    size_t i = 0;
    for (; i + sizeof(bytes) <= n; i += sizeof(bytes)) {
        bytes v;
        memcpy(&v, s + i, sizeof v);
        /* Processors compare signed bytes: the letters' range begins at the least one. */
        v ^= (bytes)((numbers)(v + (unsigned char)(128 - first)) < -128 + 26) & 32;
        memcpy(to + i, &v, sizeof v);
    }
    for (; i < n; i++) to[i] = (char)(s[i] ^ ((unsigned char)(s[i] - first) < 26) << 5);
}
static int change_case(lua_State *L, unsigned char first, int (*one)(int)) {
    size_t n, i; const char *s = luaL_checklstring(L, 1, &n); luaL_Buffer b; char *to = luaL_buffinitsize(L, &b, n);
    if (n >= LONG && is_plain_locale()) shift_letters(s, to, n, first);
    else for (i = 0; i < n; i++) to[i] = (char)one((unsigned char)s[i]);
    luaL_pushresultsize(&b, n);
    return 1;
}
static int l_upper(lua_State *L) { return change_case(L, 'a', toupper); }
static int l_lower(lua_State *L) { return change_case(L, 'A', tolower); }

/* The table `string` is on top. */
void ml_open_text(lua_State *L) {
    lua_pushcfunction(L, l_upper); lua_setfield(L, -2, "upper");
    lua_pushcfunction(L, l_lower); lua_setfield(L, -2, "lower");
}
#endif
