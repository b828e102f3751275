//! What the links of a factor offer in which status.
//!
//! From the examples of Okta's specification and from recordings: `activate`, `resend` and `poll` only while pending,
//! `verify` (`questions` for a security question) only when active; the factor itself can be deleted once it is active.
//! No recording shows EXPIRED. A lapsed push activation offers `activate`, by which it starts again, so that is what
//! an expired factor offers.

use serde_json::{Value, json};

use crate::scenario::json::{Document, EditError, Id, Kind};

/// What a status means for the links.
struct Offer {
    status: &'static str,
    /// Links that there cannot be.
    not: &'static [&'static str],
    /// Whether the QR code and the rest of an activation that runs are still there.
    activating: bool,
    /// Verbs of the factor's own link.
    own: Option<&'static [&'static str]>,
}

const BEFORE: &[&str] = &["activate", "resend", "poll", "next"];

const OFFERS: &[Offer] = &[
    Offer {
        status: "PENDING_ACTIVATION",
        not: &["verify", "questions"],
        activating: true,
        own: Some(&["GET"]),
    },
    Offer { status: "ACTIVE", not: BEFORE, activating: false, own: Some(&["GET", "DELETE"]) },
    Offer {
        status: "EXPIRED",
        not: &["resend", "poll", "next", "verify", "questions"],
        activating: false,
        own: None,
    },
    Offer {
        status: "INACTIVE",
        not: &["activate", "resend", "poll", "next", "verify", "questions"],
        activating: false,
        own: None,
    },
    Offer {
        status: "DISABLED",
        not: &["activate", "resend", "poll", "next", "verify", "questions"],
        activating: false,
        own: None,
    },
    Offer {
        status: "NOT_SETUP",
        not: &["activate", "resend", "poll", "next", "verify"],
        activating: false,
        own: None,
    },
];

/// Makes the links of a factor fit a status; any other object stays as it is.
pub(super) fn fit(document: &mut Document, factor: Id, status: &str) -> Result<(), EditError> {
    let Some(offer) = OFFERS.iter().find(|offer| offer.status == status) else { return Ok(()) };
    let kind = document.member(factor, "factorType").and_then(|kind| document.string(kind));
    let (Some(kind), Some(links)) =
        (kind.map(std::borrow::Cow::into_owned), document.member(factor, "_links"))
    else {
        return Ok(());
    };
    if document.kind(links) != Kind::Object {
        return Ok(());
    }
    for name in offer.not {
        document.remove(links, name)?;
    }
    let own = document.member(links, "self").filter(|&own| document.kind(own) == Kind::Object);
    if let Some(own) = own {
        let href = document.member(own, "href").and_then(|href| document.string(href));
        let href = href.map(std::borrow::Cow::into_owned);
        if let (Some(hints), Some(verbs)) = (document.member(own, "hints"), offer.own)
            && document.kind(hints) == Kind::Object
        {
            document.set(hints, "allow", json!(verbs).to_string())?;
        }
        if let (Some(href), Some((name, path, verb))) = (href, added(status, &kind))
            && document.member(links, name).is_none()
        {
            let link = json!({ "href": path.replace("{self}", &href), "hints": { "allow": [verb] } });
            document.set(links, name, link.to_string())?;
        }
    }
    if !offer.activating {
        end_activation(document, factor)?;
    }
    Ok(())
}

/// The link by which one goes on from a status: name, href and verb.
fn added(status: &str, kind: &str) -> Option<(&'static str, &'static str, &'static str)> {
    match (status, kind) {
        // Its `questions` link leads elsewhere, and cannot be made from the factor's own.
        ("ACTIVE", "question") => None,
        ("ACTIVE", _) => Some(("verify", "{self}/verify", "POST")),
        ("PENDING_ACTIVATION", "push") => Some(("poll", "{self}/lifecycle/activate/poll", "POST")),
        ("PENDING_ACTIVATION" | "EXPIRED", _) => Some(("activate", "{self}/lifecycle/activate", "POST")),
        _ => None,
    }
}

/// Takes away `_embedded.activation`, and `_embedded` with it if nothing else is in it.
fn end_activation(document: &mut Document, factor: Id) -> Result<(), EditError> {
    let Some(embedded) = document.member(factor, "_embedded") else { return Ok(()) };
    if document.kind(embedded) == Kind::Object
        && document.remove(embedded, "activation")?
        && document.len(embedded) == 0
    {
        document.remove(factor, "_embedded")?;
    }
    Ok(())
}

/// What polling an activation says once it has lapsed: `{"factorResult":"TIMEOUT","_links":{"activate":…}}`.
pub(super) fn end_poll(document: &mut Document, root: Id) -> Result<(), EditError> {
    let waits = document.kind(root) == Kind::Object
        && document.member(root, "factorResult").and_then(|result| document.string(result)).as_deref()
            == Some("WAITING");
    if !waits {
        return Ok(());
    }
    let activate = document.member(root, "_links").and_then(|links| activate_href(&document.text_of(links)));
    document.set(root, "factorResult", Value::from("TIMEOUT").to_string())?;
    document.remove(root, "expiresAt")?;
    match activate {
        Some(href) => {
            let links = json!({ "activate": { "href": href, "hints": { "allow": ["POST"] } } });
            document.set(root, "_links", links.to_string())
        }
        None => document.remove(root, "_links").map(drop),
    }
}

/// Where an activation is started again, from any link that leads below it.
fn activate_href(links: &str) -> Option<String> {
    const STEP: &str = "/lifecycle/activate";
    let (before, _) = links.split_once(STEP)?;
    let (_, before) = before.rsplit_once('"')?;
    Some(format!("{before}{STEP}"))
}
