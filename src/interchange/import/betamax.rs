//! betamax: Ruby VCR's structure in JSON, with the response's URL; gzipped bodies in base64, still gzipped.

use super::{Format, Found, List, Node, Problem, Shape, ruby_vcr};

/// github.com/betamaxpy/betamax
#[derive(Debug)]
pub(super) struct Betamax;

impl Format for Betamax {
    fn name(&self) -> &'static str {
        "betamax"
    }

    fn recognises(&self, shape: &Shape<'_>) -> bool {
        let own = |item: &Node| item.get("response").is_some_and(|response| response.has("url"));
        shape.list == List::HttpInteractions
            && shape.item.map_or_else(|| shape.text.contains("\"betamax/"), own)
    }

    fn exchange(&self, item: &Node) -> Result<Found, Problem> {
        ruby_vcr::exchange(item)
    }
}
