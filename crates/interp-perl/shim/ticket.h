/* Where a Perl object's ticket sits: in the NV of the referent, a PVMG whose IV is the C pointer (mod_perl's layout, which
 * third-party XS reads). Upper 8 bits of the first word a cookie, lower 24 the slot; the second word the generation; NOK
 * off. The cursor of tied iteration is in xpv_cur. Clones inherit all of it. */
#ifndef TICKET_H
#define TICKET_H
#define COOKIE 0xA5000000u
#define NVW(o) ((uint32_t *)&((XPVNV *)SvANY(o))->xnv_u)
#define TICKET_SLOT(o)   (MI_RUST->slots + (NVW(o)[0] & 0xFFFFFF))
#define TICKET_GEN(o)    (NVW(o)[1])
#define TICKET_CURSOR(o) ((uint32_t *)&((XPV *)SvANY(o))->xpv_cur)
/* Foreign XS leaves 0 there, a pad variable blessed by hand whatever it held; float use of $$r sets NOK. */
#define TICKET_IS_OURS(o) (SvTYPE(o) == SVt_PVMG && !SvNOKp(o) && (NVW(o)[0] & 0xFF000000u) == COOKIE)
#define TICKET_SET(o, v) do { NVW(o)[0] = COOKIE | (uint32_t)((v)->slot ? (v)->slot - MI_RUST->slots : 0); NVW(o)[1] = (v)->gen; } while (0)
#define TICKET_ADOPT(o, v) do { if (SvTYPE(o) == SVt_PVMG) { SvNOK_off(o); TICKET_SET(o, v); } } while (0)
#endif
