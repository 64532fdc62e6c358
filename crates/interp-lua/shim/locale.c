/* os.setlocale. The C library has one locale for the process, and changing it while other threads format numbers is no safe thing to do;
 * but a thread may have one of its own. So a locale belongs to the state whose script has set it, and holds on the thread that runs it,
 * while it runs. Called by base.c and run.c. */
#define _GNU_SOURCE                     /* NL_LOCALE_NAME */
#include "shim.h"
#include <langinfo.h>

int ml_locales;

static void let_go(const ml_state *me, locale_t l) {
    if (!l || l == me->image_locale) return;
    freelocale(l);
    __atomic_fetch_sub(&ml_locales, 1, __ATOMIC_RELAXED);
}
/* The name of a category, or of all, as setlocale gives it. */
static void push_name(lua_State *L, locale_t l, int category) {
    static const struct { int category; const char *name; } all[] = {
        { LC_CTYPE, "LC_CTYPE" }, { LC_NUMERIC, "LC_NUMERIC" }, { LC_TIME, "LC_TIME" }, { LC_COLLATE, "LC_COLLATE" }, { LC_MONETARY, "LC_MONETARY" },
        { LC_MESSAGES, "LC_MESSAGES" }, { LC_PAPER, "LC_PAPER" }, { LC_NAME, "LC_NAME" }, { LC_ADDRESS, "LC_ADDRESS" },
        { LC_TELEPHONE, "LC_TELEPHONE" }, { LC_MEASUREMENT, "LC_MEASUREMENT" }, { LC_IDENTIFICATION, "LC_IDENTIFICATION" },
    };
    const size_t n = sizeof all / sizeof *all; const char *first; luaL_Buffer b; size_t i, same = 0;
    if (!l) { lua_pushstring(L, setlocale(category, NULL)); return; }
    if (category != LC_ALL) { lua_pushstring(L, nl_langinfo_l(NL_LOCALE_NAME(category), l)); return; }
    first = nl_langinfo_l(NL_LOCALE_NAME(all[0].category), l);
    for (i = 0; i < n; i++) same += !strcmp(nl_langinfo_l(NL_LOCALE_NAME(all[i].category), l), first);
    if (same == n) { lua_pushstring(L, first); return; }
    luaL_buffinit(L, &b);
    for (i = 0; i < n; i++) {
        if (i) luaL_addchar(&b, ';');
        luaL_addstring(&b, all[i].name); luaL_addchar(&b, '='); luaL_addstring(&b, nl_langinfo_l(NL_LOCALE_NAME(all[i].category), l));
    }
    luaL_pushresult(&b);
}
/* As the original, which is upvalue 1, with the state as upvalue 2. */
static int l_setlocale(lua_State *L) {
    static const char *const names[] = { "all", "collate", "ctype", "monetary", "numeric", "time", NULL };
    static const struct { int category, mask; } of[] = {
        { LC_ALL, LC_ALL_MASK }, { LC_COLLATE, LC_COLLATE_MASK }, { LC_CTYPE, LC_CTYPE_MASK }, { LC_MONETARY, LC_MONETARY_MASK },
        { LC_NUMERIC, LC_NUMERIC_MASK }, { LC_TIME, LC_TIME_MASK },
    };
    ml_state *me = ml_me(L, 2); const char *name = luaL_optstring(L, 1, NULL); const int i = luaL_checkoption(L, 2, "all", names);
    if (name) {
        locale_t base = duplocale(me->locale ? me->locale : LC_GLOBAL_LOCALE), made = base ? newlocale(of[i].mask, name, base) : NULL;
        if (!made) { if (base) freelocale(base); lua_pushnil(L); return 1; }
        __atomic_fetch_add(&ml_locales, 1, __ATOMIC_RELAXED);
        if (me->depth) uselocale(made);                 /* a finalizer's end with the state */
        let_go(me, me->locale);
        me->locale = made;
    }
    push_name(L, me->locale, of[i].category);
    return 1;
}
/* The table `os` is on top. */
void ml_open_locale(lua_State *L, ml_state *me) {
    lua_getfield(L, -1, "setlocale"); lua_pushlightuserdata(L, me); lua_pushcclosure(L, l_setlocale, 2);
    lua_setfield(L, -2, "setlocale");
}
/* The outermost job of a state begins: the thread has the state's locale from now on. Gives the one that it had. */
locale_t ml_begin_locale(const ml_state *me) { return uselocale(me->locale ? me->locale : LC_GLOBAL_LOCALE); }
/* The image has this locale. */
void ml_keep_locale(ml_state *me) {
    locale_t before = me->image_locale;
    me->image_locale = me->locale;
    let_go(me, before);
}
/* The state is put back, or closed. */
void ml_end_locale(ml_state *me, int for_good) {
    let_go(me, me->locale);
    me->locale = me->image_locale;
    if (for_good) { me->image_locale = NULL; let_go(me, me->locale); me->locale = NULL; }
}
