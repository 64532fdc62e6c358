/* APR's headers. */
#ifndef MODPERL_APR_INCLUDES_H
#define MODPERL_APR_INCLUDES_H

#include "apr_version.h"
#include "apr_general.h"
#include "apr_buckets.h"
#include "apr_date.h"
#include "apr_env.h"
#include "apr_lib.h"
#include "apr_network_io.h"
#include "apr_optional.h"
#include "apr_poll.h"
#include "apr_strings.h"
#include "apr_tables.h"
#include "apr_time.h"
#include "apr_uri.h"
#include "apr_uuid.h"
#include "apu_version.h"

#endif
