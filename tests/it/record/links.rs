//! Links to the upstream lead back to the proxy, and the cassette names a stand-in.

use overdub::http::Coding;

use super::{play, play_with};
use crate::support::overdub::Project;
use crate::support::wire::{Act, Message, Upstream, json, send, with_body};

/// The upstream's own origin, as it appears in its answers.
fn own(request: &Message) -> String {
    format!("http://{}", request.header("host"))
}

/// An answer with links wherever they occur.
fn linked() -> Upstream {
    Upstream::start(|request| {
        let own = own(request);
        let bare = request.header("host");
        with_body(
            &format!(
                "HTTP/1.1 201 Created\ncontent-type: application/json\nlocation: {own}/users/1\n\
                 link: <{own}/users?after=1>; rel=\"next\"\nlink: <{own}/users>; rel=\"self\""
            ),
            format!(
                r#"{{"_links":{{"self":{{"href":"{own}/users/1"}},"off":{{"href":"{}\/off"}},"rel":{{"href":"//{bare}/x"}}}},"else":"https://other1.overdub.test/","bare":"{bare}"}}"#,
                own.replace('/', r"\/")
            ),
        )
    })
}

#[test]
fn links_come_back_with_the_authority_that_the_client_used() {
    let upstream = linked();
    let played = play(&upstream, &["POST /users\nhost: localhost:8080\n\n{}"]);
    let answer = &played.recorded[0];
    let bare = upstream.address;
    assert_eq!(answer.header("location"), "http://localhost:8080/users/1");
    assert_eq!(
        answer.all("link"),
        [
            "<http://localhost:8080/users?after=1>; rel=\"next\"",
            "<http://localhost:8080/users>; rel=\"self\"",
        ]
    );
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"_links":{{"self":{{"href":"http://localhost:8080/users/1"}},"off":{{"href":"http:\/\/localhost:8080\/off"}},"rel":{{"href":"//localhost:8080/x"}}}},"else":"https://other1.overdub.test/","bare":"{bare}"}}"#
        )
    );
    // A bare name is no link: at replay it stays what stands for it.
    assert_eq!(played.replayed[0].text(), answer.text().replace(&bare.to_string(), "okta.overdub.test"));
}

#[test]
fn the_cassette_holds_the_stand_in_origin() {
    let upstream = linked();
    let played = play(&upstream, &["POST /users\n\n{}"]);
    for link in [
        "upstream: https://okta.overdub.test\n",
        "location: https://okta.overdub.test/users/1\n",
        "<https://okta.overdub.test/users?after=1>",
        r#""https://okta.overdub.test/users/1""#,
        r#""https:\/\/okta.overdub.test\/off""#,
        r#""//okta.overdub.test/x""#,
    ] {
        assert!(played.cassette.contains(link), "{link} in {}", played.cassette);
    }
    assert!(!played.cassette.contains(&upstream.url()), "{}", played.cassette);
}

#[test]
fn rewriting_can_be_switched_off() {
    let upstream = linked();
    let played = play_with(&upstream, &["POST /users\n\n{}"], &["--rewrite-links", "off"]);
    assert_eq!(played.recorded[0].header("location"), format!("{}/users/1", upstream.url()));
    assert!(played.recorded[0].text().contains(&format!("\"{}/users/1\"", upstream.url())));
    assert_eq!(played.replayed[0].header("location"), "https://okta.overdub.test/users/1");
    assert!(played.replayed[0].text().contains("\"https://okta.overdub.test/users/1\""));
    assert!(!played.cassette.contains(&upstream.url()));
}

#[test]
fn a_client_of_http_1_0_gets_links_to_the_address_it_connected_to() {
    let upstream = linked();
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let location = recorder.ask("POST /users HTTP/1.0\n\n{}").header("location").to_owned();
    assert_eq!(location, format!("http://{}/users/1", recorder.address));
    recorder.stop();
    let player = project.replay();
    let location = player.ask("POST /users HTTP/1.0\n\n{}").header("location").to_owned();
    assert_eq!(location, format!("http://{}/users/1", player.address));
}

#[test]
fn other_hosts_that_begin_alike_are_left_alone() {
    let upstream = Upstream::start(|request| {
        let own = own(request);
        json(&format!(
            r#"["{own}0/","{own}.evil.test/","{own}@evil.test/","ws://{}/"]"#,
            request.header("host")
        ))
    });
    let played = play(&upstream, &["GET /a"]);
    let own = upstream.url();
    let bare = upstream.address;
    assert_eq!(
        played.recorded[0].text(),
        format!(r#"["{own}0/","{own}.evil.test/","{own}@evil.test/","ws://{bare}/"]"#)
    );
    assert_eq!(
        played.replayed[0].text(),
        r#"["http://other1.overdub.test/","http://other2.overdub.test/","http://login1:redacted-password-1@other3.overdub.test/","ws://okta.overdub.test/"]"#
    );
}

#[test]
fn a_coded_body_has_its_links_rewritten_and_is_coded_again() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
        let upstream = Upstream::start(move |request| {
            let plain = format!(r#"{{"href":"{}/a"}}"#, own(request));
            let head = format!(
                "HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-encoding: {}\nvary: Accept-Encoding",
                coding.name()
            );
            with_body(&head, coding.encode(plain.as_bytes()))
        });
        let asking = format!("GET /a\naccept-encoding: {}", coding.name());
        let played = play(&upstream, &[&asking]);
        let answer = &played.same()[0];
        assert_eq!(answer.header("content-encoding"), coding.name());
        let plain = coding.decode(&answer.body, 1000).unwrap();
        assert_eq!(plain, r#"{"href":"http://api.test/a"}"#);
        assert!(played.cassette.contains("href: https://okta.overdub.test/a"), "{}", played.cassette);
    }
}

#[test]
fn a_coded_body_without_links_comes_back_to_the_byte_while_recording() {
    // Another program's gzip, whose bytes ours would not write.
    let coded =
        b"\x1f\x8b\x08\x08\0\0\0\0\x02\xffname\0\x01\x02\0\xfd\xff{}\x43\xbf\xa6\xa3\x02\0\0\0".to_vec();
    let sent = coded.clone();
    let upstream = Upstream::start(move |_| {
        with_body("HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-encoding: gzip", &sent)
    });
    let played = play(&upstream, &["GET /a\naccept-encoding: gzip"]);
    assert_eq!(played.recorded[0].body, coded);
    assert_eq!(Coding::Gzip.decode(&played.replayed[0].body, 100).unwrap(), "{}");
}

#[test]
fn a_body_that_is_not_what_its_coding_says_comes_back_as_it_is() {
    let upstream = Upstream::start(|_| {
        with_body("HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-encoding: gzip", "no gzip at all")
    });
    let played = play(&upstream, &["GET /a\naccept-encoding: gzip"]);
    assert_eq!(played.same()[0].text(), "no gzip at all");
    assert_eq!(played.same()[0].header("content-encoding"), "gzip");
    assert!(played.cassette.contains("coded: true"), "{}", played.cassette);
}

#[test]
fn cookies_are_made_ones_that_a_plain_client_keeps() {
    let upstream = Upstream::start(|_| {
        vec![
            send(
                "HTTP/1.1 200 OK\nset-cookie: theme=1; Path=/; Domain=127.0.0.1; Secure; HttpOnly\ncontent-length: 2\n\n",
            ),
            Act::Send(b"{}".to_vec()),
        ]
    });
    let played = play(&upstream, &["GET /a"]);
    assert_eq!(played.same()[0].header("set-cookie"), "theme=1; Path=/; HttpOnly");
}

#[test]
fn a_link_that_the_client_sends_back_is_the_same_at_another_address() {
    let upstream = Upstream::of_json("{}");
    let project = Project::new();
    let asks = |at: &str| {
        let form = at.replace(':', "%3A").replace('/', "%2F");
        [
            format!("PUT /users/1?back={form}%2Fa\n\n{{\"_links\":{{\"self\":\"{at}/users/1\"}}}}"),
            format!("POST /login\ncontent-type: application/x-www-form-urlencoded\n\nto={form}%2Fb&x=1"),
        ]
    };
    let recorder = project.record(&upstream.url());
    for ask in asks(&format!("http://{}", recorder.address)) {
        recorder.ask(&ask.replacen('\n', &format!("\nhost: {}\n", recorder.address), 1));
    }
    let port = recorder.address.port().to_string();
    recorder.stop();
    let cassette = project.cassette();
    assert!(!cassette.contains(&port), "{cassette}");
    assert!(cassette.contains("self: https://okta.overdub.test/users/1"), "{cassette}");
    let player = project.replay();
    for ask in asks("http://elsewhere.test:1234") {
        let answer = player.ask(&ask.replacen('\n', "\nhost: elsewhere.test:1234\n", 1));
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
}
