//! Content handlers whose page is made by the request's own file, which is a script.

use std::ffi::c_int;

use apr::Reenter;
use config::{ContentRow, Form, ServerOption, content_handler};
use httpd::log::Level;
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR};
use httpd::{ModuleRecord, Request};

use super::super::lang::Lang;
use super::super::languages::languages;
use super::super::report;
use super::super::server::ServerRecord;
use super::end_walk;

/// The status with which a request ends whose file is not run: there is none, or only a `.htaccess` file says that it is a script.
pub fn refused(lang: Lang, row: &ContentRow, r: &Request) -> Option<c_int> {
    if r.file_info().is_none_or(|file| file.is_missing() || file.is_directory()) {
        end_walk(lang, r);
        return Some(DECLINED);
    }
    chosen_in_vain(lang, row, r)
}

/// The status with which a request ends that only a `.htaccess` file has given this content handler.
pub fn chosen_in_vain(lang: Lang, row: &ContentRow, r: &Request) -> Option<c_int> {
    if is_chosen_by_server(lang, row.form, r) {
        return None;
    }
    end_walk(lang, r);
    let text = format!(
        "SetHandler {}: {} is not run: a .htaccess file chose this, which it may do only where the server's configuration says \
         \"{}Options +Htaccess\"",
        row.written(),
        String::from_utf8_lossy(r.filename().unwrap_or_default()),
        lang.facts.tongue.name()
    );
    report::request(lang, r, Level::Error, &text);
    Some(HTTP_INTERNAL_SERVER_ERROR)
}

/// Whether the request may be answered in this form: the server's own configuration or a script of the server's says so, or the
/// configuration lets `.htaccess` files do so. Without a `.htaccess` file nothing is asked.
fn is_chosen_by_server(lang: Lang, form: Form, r: &Request) -> bool {
    if !r.has_htaccess() || r.is_handler_of_script() {
        return true;
    }
    if ServerRecord::of_request(lang, r).is_some_and(|s| s.conf.options.is(ServerOption::Htaccess)) {
        return true;
    }
    let ours: Vec<&ModuleRecord> = languages().map(|lang| lang.module()).collect();
    // SAFETY: no script runs yet that could have lent anything.
    let cx = unsafe { Reenter::assume() };
    let chosen = r.handler_without_htaccess(&ours, cx);
    chosen.is_some_and(|name| content_handler(&name).is_some_and(|content| content.form == form))
}
