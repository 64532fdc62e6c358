/* What of an arena nobody may touch, said to AddressSanitizer (which sees accesses of ours) and to Valgrind (`make valgrind` defines
 * ML_VALGRIND; it sees those of Lua, too). An arena is one large mapping: else they would see none of it freed. Nothing in other builds. */
#ifndef ML_SHADE_H
#define ML_SHADE_H
#if defined(__SANITIZE_ADDRESS__) || defined(ML_VALGRIND)
#define ML_SHADED 1
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#define LEND(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#elif defined(ML_VALGRIND)
#include <valgrind/memcheck.h>
#define HIDE(p, n) ((void)VALGRIND_MAKE_MEM_NOACCESS(p, n))
#define SHOW(p, n) ((void)VALGRIND_MAKE_MEM_DEFINED(p, n))
#define LEND(p, n) ((void)VALGRIND_MAKE_MEM_UNDEFINED(p, n))    /* what was not written may not be used */
#else
#define HIDE(p, n) ((void)0)
#define SHOW(p, n) ((void)0)
#define LEND(p, n) ((void)0)
#endif
#endif
