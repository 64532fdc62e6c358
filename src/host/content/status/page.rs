//! The figures as a page: HTML and a style sheet of its own, no script. It is loaded anew every few seconds.

use std::fmt::Write as _;
use std::time::Duration;

use figures::{FAMILIES, Family, Kind, Row, Sum};

use super::super::super::counting::{self, Interpreter, Of};
use super::super::super::html::{escaped, time};
use super::super::super::jobs;
use super::super::super::jobs::registered::Registered;

/// Seconds after which the page is loaded anew, unless the query says otherwise.
const REFRESH: u32 = 5;
/// What a reader is offered; 0: not at all.
const OFFERED: [u32; 4] = [2, 5, 15, 0];
/// So many interpreters of a class are shown, those first that have been busy longest.
const MOST: usize = 100;

/// Seconds after which the page is loaded anew, as `refresh=` in the query says; 0: not at all.
pub fn refresh(query: &[u8]) -> u32 {
    let said = query.split(|byte| *byte == b'&').find_map(|part| part.strip_prefix(b"refresh="));
    said.and_then(|said| std::str::from_utf8(said).ok()?.parse().ok()).unwrap_or(REFRESH)
}

/// The page.
pub fn page(refresh: u32) -> String {
    let all = counting::all();
    let mut page = String::with_capacity(16_384);
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Interpreters</title>\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    if refresh > 0 {
        // Writing to a String does not fail.
        let _ = writeln!(page, "<meta http-equiv=\"refresh\" content=\"{refresh}\">");
    }
    let _ = write!(page, "<style>{STYLE}</style></head><body>\n<header><h1>Interpreters</h1><p>");
    let _ = write!(
        page,
        "mod_interp {}, told by process {}</p><nav>Anew every",
        env!("CARGO_PKG_VERSION"),
        std::process::id()
    );
    for offered in OFFERED {
        let words = if offered == 0 { "never".to_owned() } else { format!("{offered} s") };
        let is_so = if offered == refresh { " aria-current=\"true\"" } else { "" };
        let _ = write!(page, " <a href=\"?html&amp;refresh={offered}\"{is_so}>{words}</a>");
    }
    page.push_str(
        " <span>as <a href=\"?json\">JSON</a> <a href=\"?metrics\">Prometheus</a></span></nav></header>\n<main>\n",
    );
    if all.len() > 1 {
        overview(&mut page, &all);
    }
    all.iter().for_each(|of| stock(&mut page, of));
    let jobs = jobs::all();
    if !jobs.is_empty() {
        page.push_str("<section><h2>Jobs</h2><table class=\"each jobs\"><thead><tr><th>job</th><th>runs</th><th>failed</th><th>now</th><th>last</th></tr></thead>\n");
        jobs.iter().for_each(|one| job(&mut page, one));
        page.push_str("</table></section>\n");
    }
    page.push_str("</main></body></html>\n");
    page
}

/// What all have together.
fn overview(page: &mut String, all: &[Of]) {
    let sums = || all.iter().filter_map(|of| of.sum.as_ref()).map(|sum| &sum.tipool);
    let of = |number: fn(&figures::Snapshot) -> u64| sums().map(number).sum::<u64>();
    let (busy, idle, waiting) = (of(|s| s.lent), of(|s| s.idle), of(|s| s.waiting));
    let many = if waiting > 0 { " class=\"many\"" } else { "" };
    let _ = writeln!(
        page,
        "<p class=\"now\">All: <b>{busy}</b> busy, <b>{idle}</b> idle, <b{many}>{waiting}</b> waiting</p>"
    );
}

fn stock(page: &mut String, of: &Of) {
    let [(_, language), (_, server), (_, class)] = &of.labels()[..] else { return };
    let _ = write!(page, "<section><h2>{} <small>{}", escaped(language), escaped(server));
    if of.stock.class.is_some() {
        let _ = write!(page, ", class {}", escaped(class));
    }
    page.push_str("</small></h2>\n");
    let Some(sum) = &of.sum else {
        page.push_str("<p>Nothing is counted: the system has no memory for it.</p></section>\n");
        return;
    };
    let interpreters = of.interpreters();
    bar(page, sum, of.stock.total());
    oldest(page, &interpreters);
    page.push_str("<div class=\"columns\"><table class=\"figures\">\n");
    FAMILIES.iter().for_each(|family| figure(page, family, sum));
    page.push_str("</table>\n");
    each(page, &interpreters);
    page.push_str("</div></section>\n");
}

/// How many are busy, as a bar with its numbers in words.
fn bar(page: &mut String, sum: &Sum, total: Option<u32>) {
    let now = &sum.tipool;
    let (busy, idle) = (now.lent, now.idle);
    let all = (busy + idle + now.draining + now.creating).max(1);
    let waiting = if now.waiting > 0 { " class=\"many\"" } else { "" };
    let _ = write!(
        page,
        "<p class=\"now\"><b>{busy}</b> busy, <b>{idle}</b> idle, <b{waiting}>{}</b> waiting",
        now.waiting
    );
    if let Some(total) = total {
        let _ = write!(page, ", <b>{total}</b> at most in all processes");
    }
    let _ = write!(page, "</p>\n<p class=\"bar\" role=\"img\" aria-label=\"{busy} of {all} busy\">");
    let _ = writeln!(page, "<i style=\"width:{:.1}%\"></i></p>", busy as f64 * 100.0 / all as f64);
}

/// The request that has had its interpreter longest.
fn oldest(page: &mut String, interpreters: &[Interpreter]) {
    let Some((one, (age, uri))) =
        interpreters.first().and_then(|one| Some((one, one.busy.as_ref()?.request.as_ref()?)))
    else {
        return;
    };
    let _ = writeln!(
        page,
        "<p class=\"oldest\">The oldest request has been here for <b>{}</b>: <code>{}</code> in {}</p>",
        time(*age),
        escaped(uri),
        escaped(&one.id)
    );
}

/// A line for a family: its number, or those of its rows that are not 0.
fn figure(page: &mut String, family: &Family, sum: &Sum) {
    let words = |name: &str| name.replace('_', " ");
    let number = |row: &Row| match family.is_time {
        true => time(Duration::from_micros(row.number(sum))),
        false => row.number(sum).to_string(),
    };
    let _ = write!(page, "<tr><th scope=\"row\" title=\"{}\">{}</th><td>", escaped(family.help), family.title);
    if family.kind == Kind::Histogram {
        histogram(page, sum);
    } else if family.label.is_empty() {
        family.rows.iter().for_each(|row| page.push_str(&number(row)));
    } else {
        let shown: Vec<String> = family
            .rows
            .iter()
            .filter(|row| row.number(sum) > 0)
            .map(|row| {
                format!("<span title=\"{}\">{} <b>{}</b></span>", escaped(row.words), words(row.value), number(row))
            })
            .collect();
        page.push_str(if shown.is_empty() { "0" } else { "" });
        page.push_str(&shown.join(" "));
    }
    page.push_str("</td></tr>\n");
}

/// Waits by their length: a column for each class, as high as its share.
fn histogram(page: &mut String, sum: &Sum) {
    let (until, count) = figures::waits(sum);
    let first = until.first().map_or(Duration::ZERO, |(micros, _)| Duration::from_micros(*micros));
    if count == 0 {
        page.push('0');
        return;
    }
    let mut before = 0;
    let mut columns = Vec::new();
    let mut last = Duration::ZERO;
    for (micros, so_far) in until {
        last = Duration::from_micros(micros);
        columns.push((format!("up to {}", time(last)), so_far - before));
        before = so_far;
    }
    columns.push((format!("more than {}", time(last)), count.saturating_sub(before)));
    let most = columns.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    let mean = Duration::from_micros(sum.tipool.wait_us / count);
    let _ = write!(
        page,
        "<b>{count}</b>, {} in the mean<span class=\"histogram\" role=\"img\" aria-label=\"lengths of waits\">",
        time(mean)
    );
    for (words, number) in columns {
        let _ = write!(
            page,
            "<i title=\"{words}: {number}\" style=\"height:{:.0}%\"></i>",
            number as f64 * 100.0 / most as f64
        );
    }
    let _ = write!(page, "</span><small>{} to {} and more</small>", time(first), time(last));
}

/// The interpreters one by one.
fn each(page: &mut String, interpreters: &[Interpreter]) {
    if interpreters.is_empty() {
        return;
    }
    page.push_str("<table class=\"each\"><thead><tr><th>interpreter</th><th>state</th><th>uses</th><th>age</th><th>request</th></tr></thead>\n");
    for one in interpreters.iter().take(MOST) {
        let _ = write!(page, "<tr><td>{}</td>", escaped(&one.id));
        match &one.busy {
            Some(busy) => {
                let age = busy.time().map_or_else(String::new, |age| format!(" {}", time(age)));
                let _ = write!(page, "<td class=\"busy\">busy{age}</td>");
            }
            None => page.push_str("<td>idle</td>"),
        }
        let uri = one.busy.as_ref().map_or("", |busy| busy.uri());
        let _ = writeln!(
            page,
            "<td>{}</td><td>{}</td><td class=\"uri\">{}</td></tr>",
            one.uses,
            time(one.age),
            escaped(uri)
        );
    }
    page.push_str("</table>\n");
    if interpreters.len() > MOST {
        let _ = writeln!(page, "<p>and {} more: <a href=\"?json\">all of them</a></p>", interpreters.len() - MOST);
    }
}

fn job(page: &mut String, job: &Registered) {
    let (begun, failed, going) = job.runs.counts();
    let last = job.runs.last();
    let last = last.first().map_or_else(String::new, |run| format!("status {} after {}", run.how(), time(run.took)));
    let title = format!("{} of {}", job.stock.lang.name(), job.stock.server);
    let _ = writeln!(
        page,
        "<tr><td title=\"{}\">{}</td><td>{begun}</td><td>{failed}</td><td>{going}</td><td class=\"uri\">{last}</td></tr>",
        escaped(&title),
        escaped(&job.job.name)
    );
}

/// Blue and orange of Okabe and Ito, which all eyes tell apart; nothing is said by colour alone.
const STYLE: &str = "
:root { color-scheme: light dark; --text: #1b1f24; --soft: #59636e; --line: #d1d9e0; --back: #fff; --card: #f6f8fa; --busy: #0072b2; --many: #b34700 }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --soft: #9198a1; --line: #3d444d; --back: #0d1117; --card: #151b23; --busy: #56b4e9; --many: #e69f00 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back) }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1rem }
header nav { margin-left: auto }
h1, h2, p { margin: 0 }
h1 { font-size: 1.4rem }
h2 { font-size: 1.1rem }
small, header p, header nav { color: var(--soft); font-weight: normal }
small { font-size: .85rem }
a { color: inherit; padding: .1rem .2rem }
a[aria-current] { font-weight: bold; text-decoration: none; color: var(--text) }
section { margin-top: 1rem; padding: .8rem 1rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card) }
.now { margin-top: .3rem }
.many { color: var(--many) }
.bar { height: .7rem; margin: .4rem 0 .6rem; border: 1px solid var(--line); border-radius: .35rem; background: var(--back); overflow: hidden }
.bar i { display: block; height: 100%; background: var(--busy) }
.oldest { margin-bottom: .6rem; overflow-wrap: anywhere }
.columns { display: grid; grid-template-columns: minmax(17rem, 2fr) minmax(20rem, 3fr); gap: .5rem 2rem; align-items: start }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .6rem .15rem 0; text-align: left; vertical-align: top; border-top: 1px solid var(--line); font-weight: normal }
th { color: var(--soft) }
thead th { border-top: 0 }
td span { white-space: nowrap; margin-right: .6rem }
.busy::before { content: '\\25cf\\00a0'; color: var(--busy) }
.each td { white-space: nowrap }
.each .uri { white-space: normal; overflow-wrap: anywhere }
.histogram { display: flex; align-items: flex-end; gap: 2px; height: 2.2rem; width: 9rem; margin: .2rem 0; border-bottom: 1px solid var(--line) }
.histogram i { flex: 1; min-height: 1px; background: var(--busy) }
@media (max-width: 44rem) {
  body { padding: .6rem }
  header nav { margin-left: 0 }
  .columns { display: block }
  .columns table + table { margin-top: .8rem }
  section { padding: .6rem .7rem .8rem }
  .each thead { display: none }
  .each tr { display: grid; grid-template-columns: 1fr auto auto auto; border-top: 1px solid var(--line); padding: .2rem 0 }
  .each td { border: 0; padding-right: .8rem }
  .each td:nth-child(3)::after { content: ' uses' }
  .each td:nth-child(4)::before { content: 'age ' }
  .jobs td:nth-child(2)::after { content: ' runs' }
  .jobs td:nth-child(3)::after { content: ' failed' }
  .jobs td:nth-child(4)::before { content: '' }
  .jobs td:nth-child(4)::after { content: ' now' }
  .each .uri { grid-column: 1 / -1; color: var(--soft) }
  .each .uri:empty { display: none }
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_says_when_the_page_is_loaded_anew() {
        assert_eq!(
            [refresh(b""), refresh(b"html&refresh=0"), refresh(b"refresh=15"), refresh(b"refresh=x")],
            [5, 0, 15, 5]
        );
    }
}
