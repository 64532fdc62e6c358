//! `Apache2::HookRun`: runs a hook of httpd's for a request.

use super::needs;
use httpd::Request;
use interp::*;

/// Methods of a request.
pub(super) static PART: Part = Part::new("Apache2::HookRun", ROWS);

/// What each of these hooks needs.
static HOOK: &[&Need] = &[&needs::SHALLOW, &needs::URI];

static ROWS: &[Row] = &current([
    method("run_access_checker()", Request::run_access_checker)
        .needs(HOOK)
        .doc("Runs the hook access_checker; its status."),
    method("run_auth_checker()", Request::run_auth_checker).needs(HOOK).doc("Runs the hook auth_checker; its status."),
    method("run_check_user_id()", Request::run_check_user_id)
        .needs(HOOK)
        .doc("Runs the hook check_user_id; its status."),
    method("run_fixups()", Request::run_fixups).needs(HOOK).doc("Runs the hook fixups; its status."),
    method("run_handler()", Request::run_handler).needs(HOOK).doc("Runs the hook handler; its status."),
    method("run_header_parser()", Request::run_header_parser)
        .needs(HOOK)
        .doc("Runs the hook header_parser; its status."),
    method("run_log_transaction()", Request::run_log_transaction)
        .needs(HOOK)
        .doc("Runs the hook log_transaction; its status."),
    method("run_map_to_storage()", Request::run_map_to_storage)
        .needs(HOOK)
        .doc("Runs the hook map_to_storage; its status."),
    method("run_post_read_request()", Request::run_post_read_request)
        .needs(HOOK)
        .doc("Runs the hook post_read_request; its status."),
    method("run_translate_name()", Request::run_translate_name)
        .needs(HOOK)
        .doc("Runs the hook translate_name; its status."),
    method("run_type_checker()", Request::run_type_checker).needs(HOOK).doc("Runs the hook type_checker; its status."),
    method("invoke_handler()", Request::invoke_handler)
        .needs(HOOK)
        .doc("Inserts filters and runs the handler; its status."),
    method("die(status)", Request::die).doc("Ends the request with a status, as if a phase had returned it."),
]);
