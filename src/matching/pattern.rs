//! A recorded request split at its stand-ins: it fits a live one that has the same text around them.

use std::borrow::Cow;

use serde_json::Value;

use super::body::{as_json, is_form, multipart_boundary, write_without};
use super::node::Node;
use super::stand_ins::{Capture, StandIns};
use super::text::Text;
use super::{Matcher, Target};
use crate::cassette::{RecordedRequest, RequestBody};
use crate::http::{Pair, pairs_by_name, percent_decoded};
use crate::profile::StandInType;

/// A recorded request with the places of its stand-ins open.
#[derive(Debug)]
pub(crate) struct Pattern {
    segments: Box<[Text]>,
    query: Pairs,
    body: Body,
}

/// Pairs by name; `None`: the value does not matter.
type Pairs = Box<[(Box<[u8]>, Option<Text>)]>;

#[derive(Debug)]
enum Body {
    /// It was not recorded: any will do.
    Unrecorded,
    Json(Node),
    Form(Pairs),
    /// `multipart/form-data` without its boundaries.
    Multipart(Text),
    Other(Text),
}

/// A live request, taken apart.
pub(crate) struct Sent<'a> {
    segments: Vec<Cow<'a, [u8]>>,
    query: Vec<Pair<'a>>,
    /// `None`: recordings are meant that stand for any body.
    body: Option<SentBody<'a>>,
}

enum SentBody<'a> {
    Json(Value),
    Form(Vec<Pair<'a>>),
    Multipart(Vec<u8>),
    Other(&'a [u8]),
}

impl<'a> Sent<'a> {
    /// Of a live request's target and decoded body.
    pub(crate) fn of(target: &'a str, body: Option<&'a [u8]>) -> Self {
        let target = Target::of(target);
        Self {
            segments: segments(&target).collect(),
            query: pairs_by_name(target.query.as_bytes()),
            body: body.map(SentBody::of),
        }
    }

    /// How many segments its path has.
    pub(crate) fn depth(&self) -> usize {
        self.segments.len()
    }
}

impl<'a> SentBody<'a> {
    fn of(body: &'a [u8]) -> Self {
        if let Some(value) = as_json(body) {
            Self::Json(value)
        } else if let Some(boundary) = multipart_boundary(body) {
            let mut whole = Vec::with_capacity(body.len());
            write_without(boundary, body, &mut whole);
            Self::Multipart(whole)
        } else if !body.is_empty() && is_form(body) {
            Self::Form(pairs_by_name(body))
        } else {
            Self::Other(body)
        }
    }
}

/// The segments of a path, decoded.
fn segments<'a>(target: &Target<'a>) -> impl Iterator<Item = Cow<'a, [u8]>> + use<'a> {
    target.path.split('/').filter(|segment| !segment.is_empty()).map(|own| percent_decoded(own.as_bytes()))
}

impl Pattern {
    /// Of a recorded request; `None` when there is nothing open in it.
    pub(crate) fn of(request: &RecordedRequest, known: &StandIns, matcher: &Matcher) -> Option<Self> {
        let target = Target::recorded(&request.url, "");
        let path: Vec<_> = target.segments().collect();
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        let is_secret =
            |names: &[&str]| matcher.sensitive.field(names, &path).is_some_and(StandInType::is_secret);
        let varies = |names: &[&str]| {
            names.last().is_some_and(|name| matcher.presence_only.iter().any(|own| own == name))
        };
        let of_json = |names: &[&str], value: &Value| {
            varies(names) || (!value.is_object() && !value.is_array() && is_secret(names))
        };
        let of_form = |names: &[&str]| varies(names) || is_secret(names);
        let body = match &request.body {
            RequestBody::Unrecorded => Body::Unrecorded,
            RequestBody::Empty => Body::Other(Text::Same(Box::default())),
            RequestBody::Bytes(bytes) => match SentBody::of(bytes) {
                SentBody::Json(value) => Body::Json(Node::built(&value, &mut Vec::new(), known, 0, &of_json)),
                SentBody::Form(sent) => Body::Form(pairs(&sent, known, &of_form)),
                SentBody::Multipart(whole) => Body::Multipart(Text::of(&whole, known, 0)),
                SentBody::Other(bytes) => Body::Other(Text::of(bytes, known, 0)),
            },
        };
        let own = Self {
            segments: segments(&target).map(|segment| Text::of(&segment, known, 0)).collect(),
            query: pairs(&pairs_by_name(target.query.as_bytes()), known, &is_secret),
            body,
        };
        own.is_open().then_some(own)
    }

    /// How many segments its path has.
    pub(crate) fn depth(&self) -> usize {
        self.segments.len()
    }

    fn is_open(&self) -> bool {
        let any = |pairs: &Pairs| pairs.iter().any(|(_, value)| value.as_ref().is_none_or(Text::is_open));
        let body = match &self.body {
            Body::Unrecorded => false,
            Body::Json(node) => node.is_open(),
            Body::Form(pairs) => any(pairs),
            Body::Multipart(text) | Body::Other(text) => text.is_open(),
        };
        body || any(&self.query) || self.segments.iter().any(Text::is_open)
    }

    /// What the live request sent in the open places; `None` when it differs elsewhere.
    pub(crate) fn captures(&self, sent: &Sent<'_>) -> Option<Vec<Capture>> {
        let mut captures = Vec::new();
        let found = &mut captures;
        let fits = self.segments.len() == sent.segments.len()
            && self.segments.iter().zip(&sent.segments).all(|(own, sent)| own.fits(sent, true, found))
            && pairs_fit(&self.query, &sent.query, found)
            && self.body.fits(sent.body.as_ref(), found);
        fits.then_some(captures)
    }
}

impl Body {
    fn fits(&self, sent: Option<&SentBody<'_>>, captures: &mut Vec<Capture>) -> bool {
        match (self, sent) {
            (Self::Unrecorded, None) => true,
            (Self::Json(own), Some(SentBody::Json(sent))) => own.fits(sent, captures),
            (Self::Form(own), Some(SentBody::Form(sent))) => pairs_fit(own, sent, captures),
            (Self::Multipart(own), Some(SentBody::Multipart(sent))) => own.fits(sent, false, captures),
            (Self::Other(own), Some(SentBody::Other(sent))) => own.fits(sent, false, captures),
            _ => false,
        }
    }
}

fn pairs(sent: &[Pair<'_>], known: &StandIns, is_any: &dyn Fn(&[&str]) -> bool) -> Pairs {
    let pair = |(name, value): &Pair<'_>| {
        let any = std::str::from_utf8(name).is_ok_and(|name| is_any(&[name]));
        (name.as_ref().into(), (!any).then(|| Text::of(value, known, 0)))
    };
    sent.iter().map(pair).collect()
}

fn pairs_fit(own: &Pairs, sent: &[Pair<'_>], captures: &mut Vec<Capture>) -> bool {
    own.len() == sent.len()
        && own.iter().zip(sent).all(|((own_name, own), (name, value))| {
            **own_name == **name && own.as_ref().is_none_or(|own| own.fits(value, false, captures))
        })
}
