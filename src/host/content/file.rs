//! Content handlers whose answer is made by the request's own file, which is a script or a page with code in it.

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

/// The status with which a request ends whose file is not run: there is none, it is a page without code, which httpd sends as any file, or
/// only a `.htaccess` file says that it has code. A page that is run is HTML unless it says otherwise.
pub fn not_run(lang: Lang, row: &ContentRow, r: &Request) -> Option<c_int> {
    let Some(file) = r.file_info().filter(|file| !file.is_missing() && !file.is_directory()) else {
        end_walk(lang, r);
        return Some(DECLINED);
    };
    if let Some(status) = chosen_in_vain(lang, row, r) {
        return Some(status);
    }
    if row.form != Form::Page {
        return None;
    }
    r.set_content_type(Some(b"text/html"));
    if !api::page::is_plain(r.filename().unwrap_or_default(), file) {
        return None;
    }
    end_walk(lang, r);
    Some(DECLINED)
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
