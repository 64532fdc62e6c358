/* The flat tables of src/bind.rs. */
#ifndef BIND_H
#define BIND_H
typedef struct { const char *module, *package, *name, *isa; const mi_row *row; } mp_bound;
typedef struct { const char *package, *group, *name, *text; size_t text_len; int64_t number; } mp_const;
extern const mp_bound *mp_rows; extern size_t mp_nrows;
extern void (*mp_when_bound)(pTHX_ const mp_bound *b);      /* NULL, or told of each row that is bound */
#endif
