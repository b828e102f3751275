//! A forward proxy: what it takes, what it refuses, what it leaves as it is.

mod recorded;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use overdub::http::{HostPattern, Origin};
use overdub::server::{Forward, Limits, Settings};
use overdub::tls::Authority;

use crate::support::secure::{Listener, Secure, secured, trusting};
use crate::support::wire::Client;

fn allowing(hosts: &[&str]) -> impl FnOnce(Arc<Authority>) -> Settings + use<> {
    let allowed = hosts.iter().map(|host| host.parse::<HostPattern>().unwrap()).collect();
    let forward = Forward { allowed, tunnel_others: false };
    |authority| Settings { forward: Some((forward, authority)), ..Settings::default() }
}

fn okta() -> Listener {
    Listener::start(allowing(&["*.okta.com", "10.0.0.1", "[::1]:8080"]))
}

/// TLS inside of a tunnel.
fn opened(listener: &Listener, tunnel: Client, name: &str) -> Secure {
    secured(tunnel.into_stream(), name, &trusting(&listener.ca, &["http/1.1"])).unwrap()
}

#[test]
fn a_full_target_says_what_is_asked_for() {
    let listener = okta();
    for (target, asked) in [
        ("http://org.okta.com/a?b=1", "http://org.okta.com"),
        ("http://ORG.okta.com:80/a?b=1", "http://org.okta.com"),
        ("http://org.okta.com:8080/a?b=1", "http://org.okta.com:8080"),
        ("https://org.okta.com:443/a?b=1", "https://org.okta.com"),
        ("http://10.0.0.1:1/a?b=1", "http://10.0.0.1:1"),
        ("http://[::1]:8080/a?b=1", "http://[::1]:8080"),
    ] {
        let answer = listener.client().ask(&format!("GET {target}\nproxy-connection: keep-alive"));
        let told = format!("GET /a?b=1 asked={asked} client={asked} scheme=http session=none");
        assert_eq!(answer.text(), told, "{target}");
    }
}

#[test]
fn tls_inside_of_connect_is_opened() {
    let listener = okta();
    let mut client = opened(&listener, listener.through("org.okta.com:443", ""), "org.okta.com");
    assert_eq!(client.peer_names(), ["org.okta.com"]);
    for _ in 0..2 {
        let told = "GET /a asked=https://org.okta.com client=https://org.okta.com scheme=https session=none";
        assert_eq!(client.ask("GET /a\nhost: org.okta.com").text(), told);
    }
    let mut client = opened(&listener, listener.through("10.0.0.1:8443", ""), "10.0.0.1");
    assert_eq!(client.peer_names()[0], "10.0.0.1", "the name comes from CONNECT where TLS sends none");
    assert!(client.ask("GET /a").text().contains(" asked=https://10.0.0.1:8443 "));
}

#[test]
fn plain_http_inside_of_connect_is_spoken_too() {
    let listener = okta();
    let mut client = listener.through("org.okta.com:80", "proxy-connection: keep-alive\r\n");
    let told = "GET /a asked=http://org.okta.com client=http://org.okta.com scheme=http session=none";
    assert_eq!(client.ask("GET /a").text(), told);
    assert_eq!(client.ask("GET http://elsewhere.test/a").text(), told, "the tunnel decides where it leads");
}

#[test]
fn connect_by_http_1_0_without_a_host_works() {
    let listener = okta();
    for request in [
        "CONNECT org.okta.com:443 HTTP/1.0\r\n\r\n",
        "CONNECT org.okta.com:443 HTTP/1.1\r\nHost: org.okta.com\r\nConnection: close\r\n\r\n",
    ] {
        let mut client = listener.client();
        client.send(request);
        assert_eq!(client.answer(true).status(), 200);
        let mut client = opened(&listener, client, "org.okta.com");
        assert_eq!(client.ask("GET /a").status(), 200, "{request}");
    }
}

#[test]
fn a_tunnel_in_which_nothing_comes_is_given_up() {
    let settings = allowing(&["*"]);
    let limits = Limits { header_timeout: Duration::from_millis(50), ..Limits::default() };
    let listener = Listener::start(|authority| Settings { limits, ..settings(authority) });
    assert_eq!(listener.through("a.test:443", "").rest(), "");
}

#[test]
fn bytes_that_come_with_connect_are_not_lost() {
    let listener = okta();
    let mut client = listener.client();
    client.send("CONNECT org.okta.com:80 HTTP/1.1\r\nhost: x\r\n\r\nGET /a HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(client.answer(true).status(), 200);
    assert!(client.answer(false).text().starts_with("GET /a asked=http://org.okta.com "));
}

#[test]
fn hosts_that_are_not_allowed_are_refused() {
    let listener = okta();
    for (request, host) in [
        ("CONNECT evil.test:443", "evil.test:443"),
        ("CONNECT okta.com:443", "okta.com:443"),
        ("CONNECT 10.0.0.2:443", "10.0.0.2:443"),
        ("CONNECT [::1]:443", "[::1]:443"),
        ("GET http://evil.test/a", "evil.test:80"),
        ("GET http://org.okta.com.evil.test/a", "org.okta.com.evil.test:80"),
    ] {
        let mut client = listener.client();
        let answer = client.ask(request);
        assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (403, "client-error"), "{request}");
        let told: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
        let name = host.rsplit_once(':').unwrap().0;
        let summary =
            format!("{host} may not be asked for by way of this proxy; --allow-host {name} allows it");
        assert_eq!(told["errorSummary"], format!("overdub: {summary}"));
        // All that most clients show of an answer to CONNECT is its status line.
        assert_eq!(request.starts_with("CONNECT"), answer.line() == format!("HTTP/1.1 403 {summary}"));
        assert_eq!(client.ask("GET http://org.okta.com/a").status(), 200, "the connection goes on");
    }
}

#[test]
fn connect_by_http_2_is_refused() {
    let listener = okta();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (status, body) = runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(listener.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::connect("org.okta.com:443").body(Empty::<bytes::Bytes>::new());
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        (answer.status(), answer.into_body().collect().await.unwrap().to_bytes())
    });
    assert_eq!(status, 405);
    assert!(String::from_utf8_lossy(&body).contains("CONNECT is not spoken over HTTP/2 here"), "{body:?}");
}

#[test]
fn what_is_no_target_is_told() {
    let listener = okta();
    for request in [
        "CONNECT org.okta.com",
        "CONNECT org.okta.com:0",
        "CONNECT me@org.okta.com:443",
        "CONNECT org.okta.com:+443",
        "CONNECT [127.0.0.1].okta.com:443",
        "GET ftp://org.okta.com/a",
        "GET http://me@org.okta.com/a",
        // Who looks at its end sees an allowed name, and who connects sees an address.
        "GET http://[127.0.0.1].okta.com/a",
        "GET http://[::1]x.okta.com/a",
        "GET http://org.okta.com:+443/a",
    ] {
        assert_eq!(listener.client().ask(request).status(), 400, "{request}");
    }
}

#[test]
fn a_target_that_is_the_proxy_itself_asks_the_proxy() {
    let listener = Listener::start(allowing(&["*"]));
    let port = listener.address.port();
    for host in ["127.0.0.1", "localhost", "run.localhost", "0.0.0.0"] {
        let own = format!("http://{host}:{port}");
        let told = format!("GET /a asked=us client={own} scheme=http session=none");
        assert_eq!(listener.client().ask(&format!("GET {own}/a")).text(), told);
        let mut client = listener.through(&format!("{host}:{port}"), "");
        assert_eq!(client.ask(&format!("GET /a\nhost: {host}:{port}")).text(), told);
    }
    let other = format!("GET http://localhost:{}/a", port - 1);
    assert!(listener.client().ask(&other).text().contains(" asked=http://localhost:"));
}

#[test]
fn a_request_that_names_no_origin_asks_the_proxy() {
    let listener = okta();
    let told = "GET /a asked=us client=http://api.test scheme=http session=none";
    assert_eq!(listener.client().ask("GET /a").text(), told);
}

#[test]
fn the_proxy_s_user_is_the_client_run() {
    let listener = okta();
    let ask = |target: &str, user: &str| {
        let value = data_encoding::BASE64.encode(user.as_bytes());
        let request = format!("GET {target}\nproxy-authorization: bAsIc {value}");
        listener.client().ask(&request).text().rsplit_once("session=").unwrap().1.to_owned()
    };
    assert_eq!(ask("http://org.okta.com/a", "run 1:"), "run 1");
    assert_eq!(ask("http://org.okta.com/a", "run:secret"), "run");
    assert_eq!(ask("http://org.okta.com/a", ":secret"), "none");
    assert_eq!(ask("http://org.okta.com/a", &"x".repeat(300)), "none");
    assert_eq!(ask("/a", "run:"), "run");
    // "run:" inside of the tunnel's head; requests inside of it do not repeat it.
    let tunnel = listener.through("org.okta.com:443", "proxy-authorization: Basic cnVuOg==\r\n");
    let mut client = opened(&listener, tunnel, "org.okta.com");
    for _ in 0..2 {
        assert!(client.ask("GET /a").text().ends_with(" session=run"));
    }
    let mut client = listener.through("org.okta.com:443", "");
    assert!(client.ask("GET /a").text().ends_with(" session=none"), "one tunnel tells nothing of another");
}

#[test]
fn a_listener_of_a_client_run_names_it_whoever_asks() {
    let settings = allowing(&["*"]);
    let listener =
        Listener::start(|authority| Settings { session: Some("mine".into()), ..settings(authority) });
    let user = "proxy-authorization: Basic cnVuOg==";
    assert!(listener.client().ask(&format!("GET http://a.test/a\n{user}")).text().ends_with(" session=mine"));
    let mut client = listener.through("a.test:80", &format!("{user}\r\n"));
    assert!(client.ask("GET /a").text().ends_with(" session=mine"));
}

#[test]
fn a_reverse_proxy_takes_no_connect_and_no_user() {
    let listener = Listener::start(|_| Settings::default());
    let told = listener.client().ask("GET http://a.test/a\nproxy-authorization: Basic cnVuOg==").text();
    assert_eq!(told, "GET /a asked=us client=http://a.test scheme=http session=none");
}

#[test]
fn a_proxy_may_itself_be_reached_by_tls() {
    let settings = allowing(&["*.okta.com"]);
    let listener = Listener::start(|authority| Settings {
        tls: Some(Arc::clone(&authority)),
        public: Some(Origin::parse("https://proxy.test").unwrap()),
        ..settings(authority)
    });
    let mut proxy = listener.secure("proxy.test", &["http/1.1"]);
    proxy.send("CONNECT org.okta.com:443 HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(proxy.answer(true).status(), 200);
    let config = trusting(&listener.ca, &[]);
    let mut client = secured(proxy.into_stream(), "org.okta.com", &config).unwrap();
    assert!(client.ask("GET /a").text().contains(" asked=https://org.okta.com "));

    // HTTPS_PROXY as most clients take it leads to the same port by plain HTTP.
    let mut client = opened(&listener, listener.through("org.okta.com:443", ""), "org.okta.com");
    assert!(client.ask("GET /a").text().contains(" asked=https://org.okta.com "));
    assert_eq!(listener.client().ask("GET /a").status(), 400, "a request to us comes by TLS");
    let told = "GET /a asked=us client=https://proxy.test scheme=https session=none";
    assert_eq!(listener.secure("proxy.test", &["http/1.1"]).ask("GET /a").text(), told);
}
