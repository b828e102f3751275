//! What a client sends about a user: profile, password, recovery question.

use serde_json::{Map, Value};

use super::model::User;
use crate::sandbox::call::{object, text};
use crate::sandbox::errors::ApiError;

const PASSWORD_RULES: &str = "password: Password requirements were not met. Password requirements: at least 8 \
    characters, a lowercase letter, an uppercase letter, a number, no parts of your username.";
const LOGIN_TAKEN: &str = "login: An object with this field already exists in the current organization";
const LONGEST_FIELD: usize = 100;

/// A change to a user, read and checked as far as it can be without the user.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) profile: Map<String, Value>,
    pub(super) has_password: bool,
    pub(super) recovery_question: Option<String>,
}

impl Change {
    pub(super) fn read(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let credentials = object(body, "credentials");
        let password = credentials.and_then(|credentials| credentials.get("password"));
        // A password may also come as {"value":…}, {"hash":…} or {"hook":…}; only a plain one can be judged.
        let plain = match password {
            Some(Value::Object(form)) => form.get("value").and_then(Value::as_str),
            Some(Value::String(plain)) => Some(plain.as_str()),
            _ => None,
        };
        if plain.is_some_and(|plain| !is_strong(plain)) {
            return Err(ApiError::invalid("password", PASSWORD_RULES));
        }
        let is_imported = |form: &Map<_, _>| form.contains_key("hash") || form.contains_key("hook");
        let question = credentials.and_then(|credentials| object(credentials, "recovery_question"));
        Ok(Self {
            profile: object(body, "profile").cloned().unwrap_or_default(),
            has_password: plain.is_some() || password.and_then(Value::as_object).is_some_and(is_imported),
            recovery_question: question.and_then(|question| text(question, "question")),
        })
    }
}

fn is_strong(password: &str) -> bool {
    password.chars().count() >= 8
        && password.chars().any(char::is_lowercase)
        && password.chars().any(char::is_uppercase)
        && password.chars().any(char::is_numeric)
}

/// A profile has a login and an e-mail address. A login need not look like an address, since an admin can allow that.
pub(super) fn complete(mut profile: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    for field in ["login", "email"] {
        let value = profile.get(field).and_then(Value::as_str).unwrap_or_default();
        if value.trim().is_empty() {
            return Err(ApiError::blank(field));
        }
        if value.chars().count() > LONGEST_FIELD {
            let cause = format!("{field}: String is too long (maximum is {LONGEST_FIELD} characters)");
            return Err(ApiError::invalid(field, cause));
        }
    }
    profile.retain(|_, value| !value.is_null());
    Ok(profile)
}

/// A login belongs to one user; `except` is the one whose profile it is.
pub(super) fn require_free_login(
    users: &[User],
    profile: &Map<String, Value>,
    except: Option<&str>,
) -> Result<(), ApiError> {
    let login = profile.get("login").and_then(Value::as_str).unwrap_or_default();
    let is_taken = users.iter().any(|user| user.answers_to(login) && Some(user.id.as_str()) != except);
    if is_taken { Err(ApiError::invalid("login", LOGIN_TAKEN)) } else { Ok(()) }
}
