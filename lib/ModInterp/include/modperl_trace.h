/* mod_perl's tracing is not there: the calls compile to nothing. */
#ifndef MODPERL_TRACE_H
#define MODPERL_TRACE_H

#define MP_VERSION_STRING "mod_perl/2.0.12"
#define MP_API_VERSION    "2"
#define MP_FUNC           __func__

void modperl_trace(const char *func, const char *format, ...);       /* does nothing */

#define MP_TRACE_any if (0) modperl_trace
#define MP_TRACE_any_do(code)
#define MP_TRACE_a if (0) modperl_trace
#define MP_TRACE_a_do(code)
#define MP_TRACE_c if (0) modperl_trace
#define MP_TRACE_c_do(code)
#define MP_TRACE_d if (0) modperl_trace
#define MP_TRACE_d_do(code)
#define MP_TRACE_e if (0) modperl_trace
#define MP_TRACE_e_do(code)
#define MP_TRACE_f if (0) modperl_trace
#define MP_TRACE_f_do(code)
#define MP_TRACE_g if (0) modperl_trace
#define MP_TRACE_g_do(code)
#define MP_TRACE_h if (0) modperl_trace
#define MP_TRACE_h_do(code)
#define MP_TRACE_i if (0) modperl_trace
#define MP_TRACE_i_do(code)
#define MP_TRACE_m if (0) modperl_trace
#define MP_TRACE_m_do(code)
#define MP_TRACE_o if (0) modperl_trace
#define MP_TRACE_o_do(code)
#define MP_TRACE_r if (0) modperl_trace
#define MP_TRACE_r_do(code)
#define MP_TRACE_s if (0) modperl_trace
#define MP_TRACE_s_do(code)
#define MP_TRACE_t if (0) modperl_trace
#define MP_TRACE_t_do(code)

#endif
