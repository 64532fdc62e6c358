/* httpd's headers, as far as we call it. */
#include <httpd.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_vhost.h>
#include <ap_mpm.h>
#include <ap_provider.h>
#include <mod_auth.h>
#include <scoreboard.h>
#include <util_filter.h>
#include <util_script.h>
#include <util_time.h>
#include <unixd.h>
