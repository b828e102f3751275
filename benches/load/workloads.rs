//! What is measured: who answers what, and what is asked of overdub.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use overdub::cassette::{Cassette, Existing, Writer};

use super::generator::{Ask, Traffic, is_installed, write};
use super::process::{Running, command};
use super::support::{self, ELSEWHERE, SCENARIO, UPSTREAM, factor, path_of};
use super::table::Target;
use super::{Bench, Result};

/// One line of the table of targets.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) target: Target,
    pub(crate) kind: Kind,
}

/// How it is measured.
pub(crate) enum Kind {
    /// As many requests as come.
    Limit(fn(&Bench) -> Result<Plan>),
    /// Half as many requests as overdub can.
    Half(fn(&Bench) -> Result<Plan>),
    /// From the start until it is ready, with so many recordings.
    Start(usize),
    /// So many requests as `--requests` says, one client run after the other.
    Memory(fn(&Bench) -> Result<Plan>),
}

/// Servers that are up, and what they are asked.
pub(crate) struct Plan {
    /// The first is what the others are compared with, the last is overdub.
    pub(crate) contenders: Vec<Contender>,
    pub(crate) traffic: Traffic,
    /// Whom proxies pass on to.
    pub(crate) _upstream: Option<Running>,
}

/// A server that is measured.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) server: Running,
    /// What is asked once, before all else.
    pub(crate) first: Option<Ask>,
    /// What every answer holds.
    pub(crate) holds: Vec<String>,
}

const fn rate(least: f64) -> Target {
    Target::Rate { least, most_cpu: None }
}

const fn replay_rate(least: f64) -> Target {
    Target::Rate { least, most_cpu: Some(1.15) }
}

/// All of them, in the order of the table.
pub(crate) const WORKLOADS: [Workload; 20] = [
    limit("replay-1", "one recording", replay_rate(0.95), |own| replay(own, 1)),
    limit("replay-1k", "1,000 recordings", replay_rate(0.95), |own| replay(own, 1_000)),
    limit("replay-10k", "10,000 recordings", replay_rate(0.93), |own| replay(own, 10_000)),
    limit("replay-100k", "100,000 recordings", replay_rate(0.90), |own| replay(own, 100_000)),
    limit("polling", "one request with changing answers", rate(0.90), |own| changing(own, false, 1)),
    limit("polling-1k", "the same in 1,000 sessions", rate(0.90), |own| changing(own, false, 1_000)),
    limit("epochs", "reads between writes that change them", rate(0.90), |own| changing(own, true, 1)),
    limit("epochs-1k", "the same in 1,000 sessions", rate(0.90), |own| changing(own, true, 1_000)),
    limit("rendered", "stand-ins and links of the client's own", rate(0.75), rendered),
    limit("tls-http1", "one recording over TLS", rate(0.90), |own| tls(own, false)),
    limit("tls-http2", "one recording over TLS and HTTP/2", rate(0.90), |own| tls(own, true)),
    limit("scripted", "status and a field of 1.5 KB changed by a script", rate(0.50), scripted),
    limit("unscripted", "a route without handlers, against no scenario", rate(0.98), unscripted),
    limit("passthrough", "against hyper with hyper-util's client", rate(0.95), passthrough),
    limit("record", "every path new, against one that keeps bodies in memory", rate(0.80), record),
    Workload {
        name: "record-half",
        what: "the same at half of what overdub can",
        target: Target::Added { p99: 1.0 },
        kind: Kind::Half(record),
    },
    limit("journal", "with the journal on, against off", rate(0.97), journal),
    start("start-10k", "10,000 recordings", Target::Ready { secs: 0.5, most_memory: None }, 10_000),
    start("start-100k", "100,000 recordings", Target::Ready { secs: 5.0, most_memory: Some(2.0) }, 100_000),
    Workload {
        name: "memory",
        what: "after --requests of 1,000 sessions, journal on",
        target: Target::Flat { megabytes: 4.0 },
        kind: Kind::Memory(memory),
    },
];

const fn limit(
    name: &'static str,
    what: &'static str,
    target: Target,
    plan: fn(&Bench) -> Result<Plan>,
) -> Workload {
    Workload { name, what, target, kind: Kind::Limit(plan) }
}

const fn start(name: &'static str, what: &'static str, target: Target, many: usize) -> Workload {
    Workload { name, what, target, kind: Kind::Start(many) }
}

/// What a factor's answer holds.
const ACTIVE: &str = r#""status":"ACTIVE""#;

impl Contender {
    fn new(name: &'static str, server: Running) -> Self {
        Self { name, server, first: None, holds: vec![ACTIVE.to_owned()] }
    }
}

impl Bench {
    /// A server with nothing on it.
    fn bare(&self, args: &[&str]) -> Result<Running> {
        Running::start(command(std::env::current_exe()?, self.dir()).arg("serve").args(args))
    }

    fn overdub(&self, args: &[&str]) -> Result<Running> {
        Running::start(&mut self.overdub_command(args))
    }

    pub(crate) fn overdub_command(&self, args: &[&str]) -> std::process::Command {
        let mut overdub = command(&self.args.overdub, self.dir());
        overdub.args(args).args(["--config", "none", "--listen", "127.0.0.1:0"]);
        overdub
    }

    fn replay(&self, cassette: &str, more: &[&str]) -> Result<Running> {
        self.overdub(&[&["replay", "-c", cassette], more].concat())
    }

    /// The file of a cassette, written as overdub writes what it records; once.
    pub(crate) fn cassette(&self, name: &str, make: impl FnOnce() -> Cassette) -> Result<String> {
        let path: PathBuf = self.dir().join(format!("{name}.yaml"));
        if !path.exists() {
            let cassette = make();
            let mut writer = Writer::create(&path, &cassette.header, Existing::Refuse)?;
            for own in &cassette.interactions {
                writer.append(own)?;
            }
        }
        Ok(path.display().to_string())
    }

    pub(crate) fn distinct(&self, many: usize) -> Result<String> {
        self.cassette(&format!("distinct-{many}"), || support::distinct(many))
    }
}

fn plan(contenders: Vec<Contender>, asks: Vec<Ask>) -> Plan {
    Plan { contenders, traffic: Traffic::of(asks), _upstream: None }
}

fn one() -> Vec<Ask> {
    vec![Ask::get(path_of(0))]
}

fn replay(own: &Bench, many: usize) -> Result<Plan> {
    let cassette = own.distinct(many)?;
    let contenders = vec![
        Contender::new("bare hyper", own.bare(&["fixed"])?),
        Contender::new("overdub", own.replay(&cassette, &[])?),
    ];
    Ok(plan(contenders, (0..many).map(|number| Ask::get(path_of(number))).collect()))
}

/// What the clients of [`support::polled`] or [`support::epochs`] ask.
fn changing_asks(writes: bool, sessions: usize) -> Vec<Ask> {
    let read = || Ask::get(path_of(0));
    let write = || Ask::post(support::write_path(), r#"{"passCode":"123456"}"#);
    let of_one = if writes { vec![write(), read(), read()] } else { vec![read()] };
    if sessions == 1 {
        return of_one;
    }
    let of_session =
        |number| of_one.clone().into_iter().map(move |ask| ask.in_session(format!("session-{number}")));
    (0..sessions).flat_map(of_session).collect()
}

fn changing(own: &Bench, writes: bool, sessions: usize) -> Result<Plan> {
    let cassette = if writes {
        own.cassette("epochs", support::epochs)
    } else {
        own.cassette("polled", support::polled)
    };
    let contenders = vec![
        Contender::new("bare hyper", own.bare(&["fixed"])?),
        Contender::new("overdub", own.replay(&cassette?, &[])?),
    ];
    Ok(plan(contenders, changing_asks(writes, sessions)))
}

fn rendered(own: &Bench) -> Result<Plan> {
    let cassette = own.cassette("rendered", || support::signed_up(&factor(UPSTREAM, 0, 0)))?;
    let mut overdub = Contender::new("overdub", own.replay(&cassette, &[])?);
    overdub.first = Some(Ask::post("/api/v1/users", support::sign_up("somebody@client.example")));
    overdub.holds.extend(["somebody@client.example".to_owned(), format!("{}/api", overdub.server.url)]);
    Ok(plan(vec![Contender::new("bare hyper", own.bare(&["fixed"])?), overdub], one()))
}

fn tls(own: &Bench, over_http2: bool) -> Result<Plan> {
    let cassette = own.distinct(1)?;
    let contenders = vec![
        Contender::new("bare hyper, rustls", own.bare(&["fixed", "--tls"])?),
        Contender::new("overdub", own.replay(&cassette, &["--tls"])?),
    ];
    let mut plan = plan(contenders, one());
    plan.traffic.over_http2 = over_http2;
    Ok(plan)
}

/// A replay that plays [`SCENARIO`].
fn with_scenario(own: &Bench, cassette: &str) -> Result<Running> {
    std::fs::create_dir_all(own.dir().join("scenarios"))?;
    write(&own.dir().join("scenarios/expired.rhai"), SCENARIO)?;
    own.replay(cassette, &["--scenario", "expired"])
}

fn scripted(own: &Bench) -> Result<Plan> {
    let cassette = own.distinct(1)?;
    let mut overdub = Contender::new("overdub", with_scenario(own, &cassette)?);
    overdub.holds = vec![r#""status":"EXPIRED""#.to_owned(), "2026-01-01T00:00:00.000Z".to_owned()];
    Ok(plan(vec![Contender::new("bare hyper", own.bare(&["fixed"])?), overdub], one()))
}

fn unscripted(own: &Bench) -> Result<Plan> {
    let other = "/api/v1/groups/00g1";
    let cassette = own.cassette("other", || {
        let mut cassette = support::distinct(1);
        let answer = factor(ELSEWHERE, 2, 0);
        cassette.interactions.push(support::interaction(http::Method::GET, other, "", &answer));
        cassette
    })?;
    let contenders = vec![
        Contender::new("overdub, no scenario", own.replay(&cassette, &[])?),
        Contender::new("overdub", with_scenario(own, &cassette)?),
    ];
    Ok(plan(contenders, vec![Ask::get(other)]))
}

fn passthrough(own: &Bench) -> Result<Plan> {
    let upstream = own.bare(&["fixed"])?;
    let mut contenders =
        vec![Contender::new("bare proxy", own.bare(&["proxy", "--upstream", upstream.address()])?)];
    if is_installed("nginx") {
        contenders.push(Contender::new("nginx", nginx(own, upstream.address())?));
    }
    let overdub = own.overdub(&["proxy", "--mode", "passthrough", "--upstream", &upstream.url])?;
    contenders.push(Contender::new("overdub", overdub));
    Ok(Plan { _upstream: Some(upstream), ..plan(contenders, one()) })
}

fn nginx(own: &Bench, upstream: &str) -> Result<Running> {
    // It cannot take a free port itself and tell which.
    let address: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let dir = own.dir().join("nginx");
    std::fs::create_dir_all(&dir)?;
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {}/{name};\n", dir.display()))
        .concat();
    let conf = format!(
        "worker_processes auto; daemon off; pid {dir}/pid; error_log {dir}/error;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; keepalive_requests 100000000;\n{paths}\
         upstream api {{ server {upstream}; keepalive 128; }}\n\
         server {{ listen {address}; location / {{ proxy_pass http://api; proxy_http_version 1.1; \
         proxy_set_header Connection ''; }} }} }}\n",
        dir = dir.display(),
    );
    let file = dir.join("nginx.conf");
    write(&file, &conf)?;
    let mut nginx = command("nginx", own.dir());
    Running::start_at(nginx.arg("-e").arg(dir.join("error")).arg("-c").arg(file), address)
}

fn record(own: &Bench) -> Result<Plan> {
    let upstream = own.bare(&["fixed"])?;
    let cassette = own.dir().join("recorded.yaml").display().to_string();
    let overdub = own.overdub(&["record", "--upstream", &upstream.url, "-c", &cassette, "--overwrite"])?;
    let contenders = vec![
        Contender::new("bare recorder", own.bare(&["record", "--upstream", upstream.address()])?),
        Contender::new("overdub", overdub),
    ];
    let mut plan = plan(contenders, one());
    plan.traffic.is_unique = true;
    Ok(Plan { _upstream: Some(upstream), ..plan })
}

fn journal(own: &Bench) -> Result<Plan> {
    let cassette = own.distinct(1_000)?;
    let contenders = vec![
        Contender::new("overdub, no journal", own.replay(&cassette, &[])?),
        Contender::new("overdub", own.replay(&cassette, &["--admin", "127.0.0.1:0"])?),
    ];
    Ok(plan(contenders, (0..1_000).map(|number| Ask::get(path_of(number))).collect()))
}

fn memory(own: &Bench) -> Result<Plan> {
    let cassette = own.cassette("epochs", support::epochs)?;
    let overdub = Contender::new("overdub", own.replay(&cassette, &["--admin", "127.0.0.1:0"])?);
    Ok(plan(vec![overdub], changing_asks(true, 1_000)))
}
