//! Each client gets what it sent, whoever else is there.

use overdub::http::Coding;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::Client;

const PEOPLE: &str = r#"overdub: 1
upstream: https://okta.overdub.test
...
---
request:
  method: POST
  url: /api/v1/users
  body: {json: {profile: {login: user1@example.test, firstName: Name1}}}
stand_ins: {"user1@example.test": email, Name1: name, "okta-admin.overdub.test": host}
response:
  status: 200
  headers: {content-type: application/json, location: https://okta.overdub.test/users/user1%40example.test}
  body: {json: {id: 00u1, firstName: Name1}}
...
---
request: {method: GET, url: /api/v1/users/user1%40example.test}
response:
  status: 200
  headers: {content-type: application/json, content-encoding: gzip}
  body: {text: '{"login":"user1@example.test","admin":"https://okta-admin.overdub.test/a"}'}
...
"#;

fn people(flags: &[&str]) -> (Project, Overdub) {
    let project = Project::new();
    project.write("recordings/people.yaml", PEOPLE);
    let player = project.serve(&[&["replay"], flags].concat());
    (project, player)
}

fn create(login: &str, name: &str) -> String {
    format!(r#"{{"profile":{{"firstName":"{name}","login":"{login}"}}}}"#)
}

#[test]
fn clients_at_once_each_see_their_own_values() {
    let (_project, player) = people(&[]);
    std::thread::scope(|scope| {
        for number in 0..16 {
            let address = player.address;
            scope.spawn(move || {
                let mut client = Client::to(address);
                let body = create(&format!("u{number}@x.com"), &format!("Zo{number}"));
                let created = client
                    .ask(&format!("POST /api/v1/users\nx-overdub-session: s{number}\n\n{body}"));
                assert_eq!(created.text(), format!(r#"{{"id":"00u1","firstName":"Zo{number}"}}"#));
                let location = format!("http://api.test/users/u{number}%40x.com");
                assert_eq!(created.header("location"), location);
                for _ in 0..20 {
                    let read = client.ask(&format!(
                        "GET /api/v1/users/u{number}@x.com\nx-overdub-session: s{number}\naccept-encoding: gzip"
                    ));
                    let text = Coding::Gzip.decode(&read.body, 1000).unwrap();
                    let expected =
                        format!(r#"{{"login":"u{number}@x.com","admin":"https://okta-admin.overdub.test/a"}}"#);
                    assert_eq!(text, expected);
                }
            });
        }
    });
}

#[test]
fn a_forward_proxy_s_client_gets_links_to_the_org_that_it_asked_for() {
    let (_project, player) = people(&["--forward"]);
    let read = player.ask("GET http://dev-1.okta.com/api/v1/users/zoe@x.com");
    assert_eq!(read.text(), r#"{"login":"zoe@x.com","admin":"http://dev-1-admin.okta.com/a"}"#);
}
