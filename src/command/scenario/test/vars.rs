//! `{name}` in a test: what was given, and what steps kept of answers.

use std::collections::BTreeMap;

use serde_json::Value;

/// Texts by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Vars(pub(super) BTreeMap<String, String>);

impl Vars {
    /// Keeps a value; of a link it is the last segment of the path: `…/transactions/v2mst.abc` is `v2mst.abc`.
    pub(super) fn keep(&mut self, name: &str, value: &Value) -> bool {
        let text = match value {
            Value::String(text) if text.contains("://") => {
                let path = text.split(['?', '#']).next().unwrap_or_default();
                path.rsplit('/').next().unwrap_or_default().to_owned()
            }
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return false,
        };
        self.0.insert(name.to_owned(), text);
        true
    }

    /// The text with all known names filled in.
    pub(super) fn filled(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let known = after.split_once('}').and_then(|(name, after)| Some((self.0.get(name)?, after)));
            if let Some((value, after)) = known {
                filled.push_str(value);
                rest = after;
            } else {
                filled.push('{');
                rest = after;
            }
        }
        filled + rest
    }

    /// The same for every text in a value.
    pub(super) fn filled_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.filled(text)),
            Value::Array(array) => array.iter().map(|value| self.filled_in(value)).collect(),
            Value::Object(map) => {
                map.iter().map(|(name, value)| (name.clone(), self.filled_in(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// A request's target, in which nothing may be left open.
    ///
    /// # Errors
    /// A name that nothing was kept under.
    pub(super) fn target(&self, target: &str) -> Result<String, String> {
        let filled = self.filled(target);
        let open = filled.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
        match open {
            Some((name, _)) => {
                let known: Vec<_> = self.0.keys().map(String::as_str).collect();
                Err(format!("{target}: nothing is known under {{{name}}}; there are: {}", known.join(", ")))
            }
            None => Ok(filled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn known_names_are_filled_in_and_others_stay() {
        let mut vars = Vars::default();
        assert!(vars.keep("id", &json!("opf1")) && vars.keep("n", &json!(3)));
        assert!(vars.keep("t", &json!("https://x.test/a/transactions/v2mst.1?x=/y")));
        assert!(!vars.keep("o", &json!({})));
        assert_eq!(vars.filled("/a/{id}/{t}?n={n}&{o}{"), "/a/opf1/v2mst.1?n=3&{o}{");
        assert_eq!(vars.filled_in(&json!({ "{id}": ["{id}", 1] })), json!({ "{id}": ["opf1", 1] }));
        assert_eq!(vars.target("/a/{id}").as_deref(), Ok("/a/opf1"));
        assert!(
            vars.target("/a/{user}")
                .unwrap_err()
                .contains("nothing is known under {user}; there are: id, n, t")
        );
    }
}
