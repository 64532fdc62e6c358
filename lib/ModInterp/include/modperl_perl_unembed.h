/* Takes macros of perl away that have the names of httpd's or APR's fields and functions. Without a guard: XSUB.h, included
 * once more, may have brought them back. */
#undef abort
#undef accept
#undef bind
#undef close
#undef connect
#undef exit
#undef free
#undef link
#undef list
#undef listen
#undef open
#undef read
#undef recv
#undef send
#undef times
#undef write
