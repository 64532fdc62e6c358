/* Random numbers. Lua seeds a new state's generator from the time and from addresses, which processes forked from one parent have in
 * common. Each use has numbers of its own (arena.c). A state that is kept for many is seeded by the kernel when it runs for the first time
 * in a process, and again for the next call where one has called `math.randomseed`. Called by base.c and run.c. */
#include "shim.h"
#include <errno.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

void ml_random_bytes(void *to, size_t n) {
    size_t have = 0;
    while (have < n) {
        ssize_t got = getrandom((char *)to + have, n - have, 0);
        if (got > 0) { have += (size_t)got; continue; }
        if (got < 0 && errno == EINTR) continue;
        break;
    }
    if (UNLIKELY(have < n)) {                           /* a kernel without getrandom: still another value in each process and state */
        struct timespec now; uint64_t mixed; size_t i;
        clock_gettime(CLOCK_REALTIME, &now);
        mixed = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 20 ^ (uint64_t)(uintptr_t)to;
        for (i = have; i < n; i++) {
            mixed = mixed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            ((unsigned char *)to)[i] = (unsigned char)(mixed >> 56);
        }
    }
}

/* Upvalues: the original function, the state. Without arguments Lua would seed from time and address again, and LuaJIT not at all. */
static int l_randomseed(lua_State *L) {
    if (lua_gettop(L) == 0) {
        uint64_t seed[2];
        ml_random_bytes(seed, sizeof seed);
#if ML_UPVALUE_ENV
        lua_pushinteger(L, (lua_Integer)seed[0]); lua_pushinteger(L, (lua_Integer)seed[1]);
#else
        lua_pushnumber(L, (lua_Number)(seed[0] >> 11));
#endif
    }
    else ml_me(L, 2)->seeded = 1;
    return ml_call_original(L);
}

/* The table `math` is on top. Lua 5.4 keeps the generator's numbers in a userdata that is an upvalue of its functions. */
void ml_open_random(lua_State *L, ml_state *me) {
    lua_getfield(L, -1, "randomseed");
    me->sequence = NULL;
#if ML_UPVALUE_ENV
    if (lua_getupvalue(L, -1, 1)) {
        if (lua_type(L, -1) == LUA_TUSERDATA && lua_rawlen(L, -1) == sizeof(ml_sequence)) me->sequence = lua_touserdata(L, -1);
        lua_pop(L, 1);
    }
#endif
    lua_pushvalue(L, -1); me->randomseed = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(L, me); lua_pushcclosure(L, l_randomseed, 2);
    lua_setfield(L, -2, "randomseed");
}

static void seed_anew(ml_state *me) {
    me->seeded = 0; me->seeded_in = ml_process();
    if (LIKELY(me->sequence != NULL)) {
        ml_random_bytes(me->sequence, sizeof *me->sequence);
        me->sequence->n[0] |= 1;                        /* never all zero */
    }
    else {
        lua_State *L = me->L; uint64_t seed;
        if (!lua_checkstack(L, 4)) return;
        ml_random_bytes(&seed, sizeof seed);
        lua_rawgeti(L, LUA_REGISTRYINDEX, me->randomseed); lua_pushnumber(L, (lua_Number)(seed >> 11));
        if (lua_pcall(L, 1, 0, 0)) lua_pop(L, 1);
    }
}
/* Begins the random numbers of a job for which `ml_must_seed` is true. A job within another saves the outer one's sequence. */
void ml_begin_random(ml_state *me, ml_sequence *outer) {
    if (me->depth && me->sequence) *outer = *me->sequence;
    seed_anew(me);
}
/* Ends a job within another. `was_seeded` says whether the outer job had called math.randomseed. */
void ml_end_random(ml_state *me, int was_seeded, const ml_sequence *outer) {
    if (!was_seeded || !me->sequence) { seed_anew(me); return; }
    *me->sequence = *outer;
    me->seeded = 1;
}
