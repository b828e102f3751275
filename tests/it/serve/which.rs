//! Which recordings are played.

use crate::support::overdub::Project;

#[test]
fn without_a_name_it_is_all_of_recordings() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /one => 200 1"]);
    project.tape("recordings/deeper/two.yml", &["GET /two => 200 2", "GET /two => 200 3"]);
    project.write("recordings/notes.txt", "no cassette");
    let player = project.replay();
    assert!(player.ready.ends_with("cassettes=2 interactions=3"), "{}", player.ready);
    assert_eq!((player.ask("GET /one").text(), player.ask("GET /two").text()), ("1".into(), "2".into()));
}

#[test]
fn several_names_files_and_directories_are_played_together() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /one => 200 1"]);
    project.tape("recordings/left/out.yaml", &["GET /out => 200 0"]);
    project.tape("elsewhere/two.yaml", &["GET /two => 200 2"]);
    project.tape("more/three.yaml", &["GET /three => 200 3"]);
    project.tape("more/four.yaml", &["GET /four => 200 4"]);
    let player = project.serve(&["replay", "-c", "one", "-c", "elsewhere/two.yaml", "--cassette", "more"]);
    assert!(player.ready.ends_with("cassettes=4 interactions=4"), "{}", player.ready);
    let given: Vec<_> = ["one", "two", "three", "four"]
        .iter()
        .map(|name| player.ask(&format!("GET /{name}")).text())
        .collect();
    assert_eq!(given, ["1", "2", "3", "4"]);
    assert_eq!(player.ask("GET /out").status(), 501);
}

#[test]
fn two_cassettes_are_timelines_of_their_own() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["POST /x => 200 a1", "GET /x => 200 a", "POST /x => 200 a2"]);
    project.tape("recordings/b.yaml", &["GET /only-b => 200 b0", "POST /x => 200 b1", "GET /x => 200 b"]);
    let player = project.replay();
    let ask = |asked: &str| player.ask(asked).text();
    assert_eq!(ask("GET /only-b"), "b0", "from now on it leads");
    assert_eq!(ask("POST /x"), "b1");
    assert_eq!(ask("GET /x"), "b");
    assert_eq!(ask("POST /x"), "a1", "the other one, when the first has no more");
    assert_eq!(ask("GET /x"), "a");
    assert_eq!(ask("GET /x\nx-overdub-cassette: b"), "b");
    assert_eq!(player.ask("GET /x\nx-overdub-cassette: c").status(), 501);
}

#[test]
fn what_ships_is_found_by_name_from_an_empty_directory() {
    let project = Project::new();
    let player = project.serve(&["replay", "-c", "sms-remembered-verification"]);
    assert!(player.ready.contains(" cassettes=1 interactions="), "{}", player.ready);
    let asked = "DELETE /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors/smsa4tpxfgU1jL3jj4x6";
    assert_eq!(player.ask(asked).status(), 204);
}

#[test]
fn a_file_stands_before_what_ships_under_its_name() {
    let project = Project::new();
    project.tape("recordings/push-enroll-poll.yaml", &["GET /mine => 200 mine"]);
    let player = project.serve(&["replay", "-c", "push-enroll-poll"]);
    assert!(player.ready.ends_with("cassettes=1 interactions=1"), "{}", player.ready);
    assert_eq!(player.ask("GET /mine").text(), "mine");
}
