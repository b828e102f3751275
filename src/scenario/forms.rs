//! How each function of scripts is written, for who gets a name or the values wrong.

/// A function, or as `type.name` what is called on a value of that type; and how it is written.
const FORMS: [(&str, &str); 54] = [
    ("respond", "respond(status), respond(status, body) or respond(status, #{ header: value }, body)"),
    ("redirect", "redirect(status, url) or redirect(status, url, body)"),
    ("okta_error", "okta_error(\"E0000047\") or okta_error(\"E0000047\", #{ reset: \"30s\" })"),
    ("describe", "describe(\"title\") or describe(\"title\", #{ parameter: default, state: #{ } })"),
    ("param", "param(\"name\")"),
    ("require", "require(\"scenario\") or require(\"scenario\", #{ parameter: value })"),
    ("on_request", "on_request(\"GET /path\", |req, state| { … })"),
    ("on_response", "on_response(\"GET /path\", |req, res, state| { … })"),
    ("log", "log(value)"),
    ("nth", "nth(3)"),
    ("first", "first(3)"),
    ("after", "after(3)"),
    ("every", "every(3)"),
    ("between", "between(\"10s\", \"20s\")"),
    ("chance", "chance(0.5)"),
    ("pick", "pick([one, other])"),
    ("random", "random(1, 6) or random(0.0, 1.0)"),
    ("entity", "entity(id, #{ status: \"EXPIRED\" })"),
    ("entity_gone", "entity_gone(id)"),
    ("entity_reset", "entity_reset(id)"),
    ("now", "now()"),
    ("time", "time(\"2020-04-22T12:09:20.000Z\")"),
    ("clock_advance", "clock_advance(\"10m\")"),
    ("totp", "totp(secret)"),
    ("totp_valid", "totp_valid(secret, code)"),
    ("hotp", "hotp(secret, counter)"),
    ("delay", "delay(\"200ms\")"),
    ("throttle", "throttle(bytes_per_second)"),
    ("dribble", "dribble(pieces, \"2s\")"),
    ("hang", "hang()"),
    ("empty_reply", "empty_reply()"),
    ("reset", "reset()"),
    ("reset_after", "reset_after(bytes)"),
    ("truncate", "truncate(bytes)"),
    ("wrong_length", "wrong_length(bytes)"),
    ("malformed_chunk", "malformed_chunk()"),
    ("garbage", "garbage()"),
    ("close_after", "close_after()"),
    ("refuse", "refuse() or refuse(connections)"),
    ("tls_failure", "tls_failure() or tls_failure(handshakes)"),
    ("h2_goaway", "h2_goaway()"),
    ("h2_reset", "h2_reset(code)"),
    ("uniform", "uniform(\"100ms\", \"2s\")"),
    ("normal", "normal(\"300ms\", \"50ms\")"),
    ("lognormal", "lognormal(\"300ms\", 0.5)"),
    ("pareto", "pareto(\"100ms\", 2.0)"),
    ("parse_json", "parse_json(text)"),
    ("res.fault", "res.fault(reset()), or another fault, without quotes"),
    ("res.delay", "res.delay(\"200ms\") or res.delay(lognormal(\"300ms\", 0.5))"),
    ("res.replace", "res.replace(respond(…))"),
    ("res.redirect", "res.redirect(status, url)"),
    ("headers.add", "res.headers.add(name, value)"),
    ("headers.remove", "res.headers.remove(name)"),
    ("headers.all", "res.headers.all(name)"),
];

/// What else is there, of the language and of JSON.
const OTHERS: [&str; 42] = [
    "abs",
    "all",
    "clear",
    "contains",
    "copy",
    "debug",
    "ends_with",
    "filter",
    "find",
    "floor",
    "get",
    "index_of",
    "insert",
    "is_array",
    "is_empty",
    "is_object",
    "keys",
    "len",
    "map",
    "parse_float",
    "parse_int",
    "pop",
    "print",
    "push",
    "reduce",
    "remove",
    "replace",
    "round",
    "slice",
    "some",
    "sort",
    "split",
    "starts_with",
    "sub_string",
    "to_float",
    "to_int",
    "to_json",
    "to_lower",
    "to_string",
    "to_upper",
    "trim",
    "values",
];

/// What other languages call them.
const ELSEWHERE: [(&str, &str); 14] = [
    ("length", "len"),
    ("size", "len"),
    ("count", "len"),
    ("includes", "contains"),
    ("has", "contains"),
    ("substring", "sub_string"),
    ("substr", "sub_string"),
    ("touppercase", "to_upper"),
    ("tolowercase", "to_lower"),
    ("append", "push"),
    ("parse", "parse_json"),
    ("stringify", "to_json"),
    ("delete", "remove"),
    ("reject", "filter"),
];

/// What to write in place of a call that is of no function: `name (type, type)`, as the engine tells it.
pub(super) fn instead(signature: &str) -> Option<String> {
    let (name, arguments) = signature.split_once(' ')?;
    let on = arguments.trim_start_matches('(').split([',', ')']).next().unwrap_or_default();
    let method = format!("{on}.{name}");
    let form = |wanted: &str| FORMS.iter().find(|(known, _)| *known == wanted).map(|(_, form)| *form);
    if let Some(form) = form(&method).or_else(|| form(name)) {
        return Some(format!("write {form}"));
    }
    if OTHERS.contains(&name) || !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    close_to(name).map(|known| format!("did you mean {known}?"))
}

/// The name that was most likely meant: `startsWith` is `starts_with`, `lenght` is `len`.
fn close_to(name: &str) -> Option<&'static str> {
    let bare = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let own = FORMS.iter().map(|(name, _)| name.rsplit('.').next().unwrap_or(name));
    let spelled = own.chain(OTHERS).map(|known| (bare(known), known));
    let elsewhere = ELSEWHERE.iter().map(|(theirs, known)| ((*theirs).to_owned(), *known));
    let name = bare(name);
    // One slip in each three letters: with more, any short name is like any other.
    let most = name.len() / 3;
    let near = spelled
        .chain(elsewhere)
        .map(|(spelling, known)| (strsim::damerau_levenshtein(&name, &spelling), known));
    near.filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_a_call_of_what_it_is_the_form_of() {
        for (name, form) in FORMS {
            let name =
                name.strip_prefix("headers.").map_or(name.to_owned(), |own| format!("res.headers.{own}"));
            assert!(form.starts_with(&format!("{name}(")), "{name}: {form}");
        }
    }

    #[test]
    fn what_is_like_nothing_is_taken_for_nothing() {
        for signature in
            ["foo (integer)", "sleep (integer)", "exit ()", "x ()", "+ (res, integer)", "len (integer)"]
        {
            assert_eq!(instead(signature), None, "{signature}");
        }
    }
}
