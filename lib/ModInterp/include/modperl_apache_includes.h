/* httpd's headers. What ap_log_error and its kin write is in the name of perl_module, unless MP_IN_XS is defined. */
#ifndef MODPERL_APACHE_INCLUDES_H
#define MODPERL_APACHE_INCLUDES_H

#include "httpd.h"
#include "http_config.h"
#include "http_connection.h"
#include "http_core.h"
#include "http_log.h"
#include "http_main.h"
#include "http_protocol.h"
#include "http_request.h"
#include "http_vhost.h"
#include "ap_mmn.h"
#include "ap_mpm.h"
#include "ap_provider.h"
#include "mod_auth.h"
#include "util_filter.h"
#include "util_script.h"

extern module AP_MODULE_DECLARE_DATA perl_module;
#ifndef MP_IN_XS
APLOG_USE_MODULE(perl);
#endif

#endif
