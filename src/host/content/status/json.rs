//! The figures as JSON.

use figures::quoted;

use super::super::super::counting::{self, Interpreter, Of};
use super::super::super::jobs;
use super::super::super::jobs::registered::Registered;
use super::super::super::lease::Stock;

/// Everything: what was there before others could count (`here`) is of the process that answers.
pub fn json() -> String {
    let all = counting::all();
    let stocks: Vec<String> = all.iter().map(of_stock).collect();
    let jobs: Vec<String> = jobs::all().iter().map(|job| of_job(job)).collect();
    format!(
        "{{\"version\":{},\"pid\":{},\"stocks\":[{}],\"jobs\":[{}]}}\n",
        quoted(env!("CARGO_PKG_VERSION")),
        std::process::id(),
        stocks.join(","),
        jobs.join(",")
    )
}

fn of_stock(of: &Of) -> String {
    let stock = &of.stock;
    let class = stock.class.as_deref().map_or("null".to_owned(), quoted);
    let total = stock.total().map_or("null".to_owned(), |number| number.to_string());
    let interpreters: Vec<String> = of.interpreters().iter().map(of_interpreter).collect();
    format!(
        "{{\"language\":{},\"name\":{},\"class\":{class},\"total\":{total},\"here\":{},\"all\":{},\"interpreters\":[{}]}}",
        quoted(stock.lang.name()),
        quoted(&stock.server),
        here(stock),
        of.sum.as_ref().map_or_else(|| "null".into(), figures::json),
        interpreters.join(",")
    )
}

fn here(stock: &Stock) -> String {
    stock.tipool().map_or("null".to_owned(), |tipool| {
        let now = tipool.stats();
        format!(
            "{{\"interpreters\":{},\"idle\":{},\"lent\":{},\"waiting\":{},\"leases\":{}}}",
            now.size, now.idle, now.lent, now.waiting, now.checkouts
        )
    })
}

fn of_interpreter(one: &Interpreter) -> String {
    let busy = one.busy.as_ref().map_or("null".to_owned(), |busy| match &busy.request {
        Some((time, uri)) => format!("{{\"seconds\":{:.3},\"uri\":{}}}", time.as_secs_f64(), quoted(uri)),
        None => "{}".into(),
    });
    format!(
        "{{\"id\":{},\"pid\":{},\"uses\":{},\"age_seconds\":{},\"busy\":{busy}}}",
        quoted(&one.id),
        one.pid,
        one.uses,
        one.age.as_secs()
    )
}

fn of_job(job: &Registered) -> String {
    let (begun, failed, going) = job.runs.counts();
    let last = job.runs.last().into_iter().map(|run| {
        let (began, took) = (run.began as f64 / 1e6, run.took.as_secs_f64());
        format!("{{\"began\":{began:.3},\"seconds\":{took:.6},\"status\":{}}}", quoted(&run.how()))
    });
    format!(
        "{{\"language\":{},\"name\":{},\"of\":{},\"runs\":{begun},\"failed\":{failed},\"going\":{going},\"last\":[{}]}}",
        quoted(job.stock.lang.name()),
        quoted(&job.job.name),
        quoted(&job.stock.server),
        last.collect::<Vec<_>>().join(",")
    )
}
