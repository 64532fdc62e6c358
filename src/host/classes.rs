//! Interpreter classes: how each comes to its interpreters at the start, and what is told of those that are named in vain.

use std::sync::Arc;

use config::{Phase, ServerConf, ServerOption};
use httpd::Server;
use httpd::log::Level;

use super::lang::Lang;
use super::lease::Stock;
use super::server::{Class, ServerRecord};
use super::site::ClassUse;
use super::start_error::StartError;
use super::{parents, report, site};

/// Gives the classes of all servers their interpreters. The servers have theirs.
///
/// # Errors
/// A line names a class that there is not; a class's parent does not start.
pub fn start_all(lang: Lang, main: &Server) -> Result<(), StartError> {
    let mut made: Vec<Arc<Class>> = Vec::new();
    for s in main.chain() {
        let Some(record) = ServerRecord::find(lang, s).filter(|record| record.conf.is_enabled()) else { continue };
        if record.conf.classes.is_empty() || record.has_classes() {
            continue;
        }
        let mut own = Vec::new();
        for conf in record.conf.classes.iter() {
            // A virtual host sees the classes of the main server, which has started them.
            let class = match made.iter().find(|class| Arc::ptr_eq(&class.conf, conf)) {
                Some(class) => class.clone(),
                None => start(lang, s, record, conf)?,
            };
            if !made.iter().any(|other| Arc::ptr_eq(other, &class)) {
                made.push(class.clone());
            }
            own.push(class);
        }
        let named = lang.dir_defaults(s).and_then(|dir| dir.class.as_ref()).filter(|_| speaks(&record.conf));
        if let Some(class) = named.and_then(|named| own.iter().find(|class| class.conf.name == named.name)) {
            record.speak_in(class);
        }
        record.start_classes(own);
    }
    check_uses(lang, main, &made)
}

/// Whether a program or a handler speaks the protocol of a server's connections.
fn speaks(conf: &ServerConf) -> bool {
    !conf.net_servers.is_empty() || !conf.handlers(Phase::ProcessConnection).is_empty()
}

/// Makes a class of a server, with its parent where it has its own.
fn start(
    lang: Lang,
    s: &Server,
    record: &ServerRecord,
    conf: &Arc<config::ClassConf>,
) -> Result<Arc<Class>, StartError> {
    let class = Arc::new(Class { conf: conf.clone(), record: ServerRecord::of_class(&record.conf, conf) });
    let of_class = &class.record.conf;
    let name: Arc<str> = format!("class {} of {}", conf.name, site::name_of(s)).into();
    let class_name = Some(conf.name.clone());
    if !lang.facts.has_threads {
        return Err(StartError::OptionNeedsThreads {
            language: lang.facts.tongue,
            option: "Parent",
            server: (*name).into(),
        });
    }
    let stock = if of_class.has_own_parent() {
        let stock = parents::start_parent(lang, s, name, class_name, of_class)?;
        parents::run_queue(s, &stock, of_class)?;
        stock
    } else {
        let parent = parents::stock_now(lang, s, Some(record))?.parent.clone();
        let stock = Stock::of_class(lang, name, class_name, parent);
        site::add_stock(&stock);
        parents::load_db_pool(s, &stock, of_class)?;
        stock
    };
    class.record.draw_from(&stock);
    for text in of_class.check().into_iter().chain(replaced(&record.conf, conf)) {
        report::server(lang, Some(s), Level::Warn, &text);
    }
    parents::open(lang, s, &stock, of_class)?;
    Ok(class)
}

/// Tells of switches that stand at the server and in its class: those of the class are not added to the server's.
fn replaced(server: &ServerConf, class: &config::ClassConf) -> Option<String> {
    let (of_class, of_server) = (&class.conf.switches, &server.switches);
    (!of_class.is_empty() && !of_server.is_empty()).then(|| {
        format!(
            "PerlSwitches: {} of the class {} are in place of the server's, {}",
            of_class.shown(),
            class.name,
            of_server.shown()
        )
    })
}

/// Refuses a line that names a class which its server has not; tells of classes that nothing belongs to.
fn check_uses(lang: Lang, main: &Server, made: &[Arc<Class>]) -> Result<(), StartError> {
    let uses = site::with(lang, |site| std::mem::take(&mut site.class_uses));
    let mut used: Vec<Arc<config::ClassConf>> = Vec::new();
    for ClassUse { server, class } in &uses {
        // SAFETY: the lines noted are those of this pass (`site::begin`).
        let s = unsafe { server.get() };
        let Some(record) = ServerRecord::find(lang, s) else { continue };
        if &*class.name == config::SERVERS_OWN {
            continue;
        }
        match record.conf.classes.find(&class.name) {
            Some(conf) => used.push(conf.clone()),
            None => {
                let elsewhere = main.chain().find(|other| {
                    ServerRecord::find(lang, other).is_some_and(|other| other.conf.classes.find(&class.name).is_some())
                });
                return Err(StartError::NoClass {
                    language: lang.facts.tongue,
                    class: class.clone(),
                    elsewhere: elsewhere.map(site::name_of),
                });
            }
        }
    }
    let htaccess = main
        .chain()
        .any(|s| ServerRecord::find(lang, s).is_some_and(|record| record.conf.options.is(ServerOption::Htaccess)));
    let may_be_idle =
        |class: &&Arc<Class>| class.conf.locations.is_empty() && class.conf.conf.jobs.is_empty() && !htaccess;
    for class in made.iter().filter(may_be_idle) {
        if !used.iter().any(|conf| Arc::ptr_eq(conf, &class.conf)) {
            let (tongue, name, at) = (lang.facts.tongue.name(), &class.conf.name, &class.conf.at);
            let text = format!(
                "<{tongue}InterpClass>: nothing belongs to the class {name} ({at}): it has no {tongue}ClassLocation, and no \
                 {tongue}UseClass names it"
            );
            report::server(lang, Some(main), Level::Warn, &text);
        }
    }
    Ok(())
}
