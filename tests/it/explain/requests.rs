//! Requests as people write them down.

use super::{explain, project, verdicts};

const FIRST: &str = "would be answered by flow #1 (recordings/flow.yaml:4) with 200, with the client's own values where \
                     stand-ins were recorded";
const NOTE: &str = "would be answered by flow #6 (recordings/flow.yaml:28) with 200, exact";

#[test]
fn curl_lines_as_people_paste_them() {
    let project = project();
    project.write("body.json", "{\"text\":\"one\",\n\"tag\":{\"a\":\"x\",\"at\":\"10:00\"}}\n");
    let note = r#"{"text":"one","tag":{"a":"x","at":"10:00"}}"#;
    for line in [
        format!("curl -X POST http://127.0.0.1:8080/notes -H 'content-type: application/json' -d '{note}'"),
        format!("$ curl -sSLik --compressed --data-raw '{note}' 'http://127.0.0.1:8080/notes'"),
        format!("curl --json '{note}' --url http://127.0.0.1:8080/notes -o /dev/null -w '%{{http_code}}'"),
        format!("curl -XPOST -H'accept: */*' 127.0.0.1:8080/notes \\\n  --data-binary '{note}' \\\n  --max-time 3"),
        "curl /notes -d @body.json".to_owned(),
        "curl /notes --data-binary @body.json -H 'Content-Type: application/json'".to_owned(),
        // Chrome, "Copy as cURL (bash)".
        format!(
            "curl 'http://localhost:8080/notes' \\\n  -H 'accept: application/json' \\\n  -H 'accept-language: de-DE,de;q=0.9' \\\n  \
             -H 'content-type: application/json' \\\n  -b 'sid=102; DT=abc' \\\n  -H 'origin: http://localhost:8080' \\\n  \
             -H 'sec-ch-ua: \"Chromium\";v=\"130\"' \\\n  --data-raw ${note:?} \\\n  --insecure ;"
        )
        .replace(&format!("${note:?}"), &format!("$'{note}'"))
        .replace(" ;", ""),
        // Chrome, "Copy as cURL (cmd)".
        "curl ^\"http://localhost:8080/notes^\" ^\n  -H ^\"accept: */*^\" ^\n  --data-raw ^\"^{^\\^\"text^\\^\":^\\^\"one^\\^\",\
         ^\\^\"tag^\\^\":^{^\\^\"a^\\^\":^\\^\"x^\\^\",^\\^\"at^\\^\":^\\^\"10:00^\\^\"^}^}^\""
            .to_owned(),
        // Firefox.
        format!(
            "curl 'http://localhost:8080/notes' --compressed -X POST -H 'User-Agent: Mozilla/5.0' -H 'Priority: u=0' \
             --data-raw '{note}'"
        ),
    ] {
        assert_eq!(verdicts(&project, &[&line]), [NOTE], "{line}");
    }
}

#[test]
fn a_curl_line_need_not_be_quoted() {
    let project = project();
    let told = verdicts(
        &project,
        &[
            "curl",
            "-X",
            "POST",
            "https://dev-1.okta.com/api/v1/users/00u1/factors",
            "-d",
            r#"{"factorType":"sms","profile":{"phoneNumber":"+12125550199"}}"#,
        ],
    );
    assert_eq!(told, [FIRST]);
}

#[test]
fn forms_queries_and_uploads_are_made_as_curl_makes_them() {
    let project = project();
    project.write(
        "recordings/flow.yaml",
        "overdub: 1\nupstream: https://okta.overdub.test\n---\nrequest: {method: GET, url: '/s?q=a%20b&n=1'}\nresponse: {status: 200}\n\
         ---\nrequest: {method: POST, url: /f, body: {text: 'a=1&b=x%26y'}}\nresponse: {status: 201}\n\
         ---\nrequest: {method: HEAD, url: /h}\nresponse: {status: 200}\n\
         ---\nrequest: {method: PUT, url: /u, body: {text: hello}}\nresponse: {status: 204}\n\
         ---\nrequest: {method: POST, url: /m, body: {text: \"--X\\r\\nContent-Disposition: form-data; name=\\\"a\\\"\\r\\n\\r\\n1\\r\\n--X--\\r\\n\"}}\nresponse: {status: 202}\n",
    );
    project.write("hello", "hello");
    for (line, number) in [
        ("curl -G /s -d n=1 --data-urlencode 'q=a b'", 1),
        ("curl /f -d a=1 --data-urlencode b=x&y", 2),
        ("curl /f --data-raw 'a=1' --data-raw 'b=x%26y'", 2),
        ("curl -I /h", 3),
        ("curl -T hello /u", 4),
        ("curl -F a=1 /m", 5),
    ] {
        let told = verdicts(&project, &[line]);
        assert!(told[0].contains(&format!("flow #{number} ")), "{line}: {told:?}");
    }
}

#[test]
fn a_method_and_a_url_may_stand_apart_or_alone() {
    let project = project();
    for words in [
        &["GET /api/v1/users/00u1/factors"][..],
        &["GET", "/api/v1/users/00u1/factors"],
        &["https://dev-1.okta.com//api/v1/users/00u1/factors/"],
        &["GET http://127.0.0.1:8080/api/v1/users/00u1/factors HTTP/1.1"],
    ] {
        assert!(verdicts(&project, words)[0].contains("flow #2 "), "{words:?}");
    }
}

#[test]
fn a_file_of_requests_is_one_session() {
    let project = project();
    project.write(
        "http/flow.http",
        "@base = http://127.0.0.1:8080/api/v1/users/00u1\n\n### enroll\nPOST {{base}}/factors\nContent-Type: application/json\n\n\
         < ./enroll.json\n\n### see\nGET {{base}}/factors\n\n### activate\nPOST {{base}}/factors/mbl1/lifecycle/activate\n\n\
         {\n  \"passCode\": \"314159\"\n}\n\n### see again\nGET {{base}}/factors\n",
    );
    project.write("http/enroll.json", r#"{"factorType":"sms","profile":{"phoneNumber":"+12125550199"}}"#);
    let numbers = |flags: &[&str]| -> Vec<String> {
        let told = verdicts(&project, flags);
        told.iter().map(|line| line.split(['#', ' ']).nth(6).unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(numbers(&["http/flow.http"]), ["1", "2", "3", "4"]);
    assert_eq!(numbers(&["http/flow.http#4"]), ["2"], "alone it is the first of its session");
    assert_eq!(numbers(&["http/flow.http#activate", "http/flow.http#see again"]), ["3", "4"]);
    // A request that cannot be sent as it stands keeps nobody from asking for the others.
    let broken = project.read("http/flow.http") + "\n### later\nGET {{nobody}}/x\n";
    project.write("http/broken.http", broken);
    assert_eq!(numbers(&["http/broken.http#activate", "http/broken.http#see again"]), ["3", "4"]);
    for asked in ["http/broken.http", "http/broken.http#later"] {
        let told = explain(&project, &[asked]);
        assert!(told.contains("{{nobody}} is not defined here"), "{told}");
    }
    let told = explain(&project, &["http/flow.http#5"]);
    assert!(told.contains("has no request `5`; there are: enroll, see, activate, see again"), "{told}");
}

#[test]
#[cfg(unix)]
fn a_pipe_is_read_and_a_device_is_not() {
    let project = project();
    let line = "exec 9<<'END'\n{\"text\":\"one\",\"tag\":{\"a\":\"x\",\"at\":\"10:00\"}}\nEND\n:";
    let args = ["explain", "-c", "flow", "curl /notes -d @/dev/fd/9"];
    let output = project.command_after(line, &args).output().expect("the binary");
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told.lines().next(), Some(NOTE), "{told}");
    for (request, expected) in [
        ("curl /notes -d @/dev/zero", "error: /dev/zero: is a device; name a file or a pipe"),
        ("curl /notes -d @recordings", "error: recordings: is a directory"),
    ] {
        let told = explain(&project, &[request]);
        assert!(told.starts_with(expected), "{told}");
    }
    let told = explain(&project, &["curl /notes -X POST -d @/dev/null"]);
    assert!(told.starts_with("a miss: "), "{told}");
    let told = explain(&project, &["--session-log", "/dev/zero", "GET /copy"]);
    assert!(told.contains("--session-log /dev/zero: is a device"), "{told}");
}
