//! The security question.

use serde_json::{Map, Value, json};

use crate::sandbox::call::{object, text};
use crate::sandbox::errors::{ApiError, Code};

/// Key and text, as a recorded org lists them.
const QUESTIONS: &[(&str, &str)] = &[
    ("disliked_food", "What is the food you least liked as a child?"),
    ("name_of_first_plush_toy", "What is the name of your first stuffed animal?"),
    ("first_award", "What did you earn your first medal or award for?"),
    ("favorite_security_question", "What is your favorite security question?"),
    ("favorite_toy", "What is the toy/stuffed animal you liked the most as a kid?"),
    ("first_computer_game", "What was the first computer game you played?"),
    ("favorite_movie_quote", "What is your favorite movie quote?"),
    ("first_sports_team_mascot", "What was the mascot of the first sports team you played on?"),
    ("first_music_purchase", "What music album or song did you first purchase?"),
    ("favorite_art_piece", "What is your favorite piece of art?"),
    ("grandmother_favorite_desert", "What was your grandmother's favorite dessert?"),
    ("first_thing_cooked", "What was the first thing you learned to cook?"),
    ("childhood_dream_job", "What was your dream job as a child?"),
    ("place_where_significant_other_was_met", "Where did you meet your spouse/significant other?"),
    ("favorite_vacation_location", "Where did you go for your favorite vacation?"),
    ("new_years_two_thousand", "Where were you on New Year's Eve in the year 2000?"),
    ("favorite_speaker_actor", "Who is your favorite speaker/orator?"),
    ("favorite_book_movie_character", "Who is your favorite book/movie character?"),
    ("favorite_sports_player", "Who is your favorite sports player?"),
];
const SHORTEST_ANSWER: usize = 4;
const MISMATCH: &str = "Your answer doesn't match our records. Please try again.";

/// A question and its answer.
#[derive(Debug)]
pub(in crate::sandbox) struct Question {
    key: &'static str,
    text: &'static str,
    pub(super) answer: String,
}

impl Question {
    pub(super) fn read(profile: &Map<String, Value>) -> Result<Self, ApiError> {
        let asked = text(profile, "question").ok_or_else(|| ApiError::blank("question"))?;
        let answer = text(profile, "answer").ok_or_else(|| ApiError::blank("answer"))?;
        let known = QUESTIONS.iter().find(|(key, _)| *key == asked);
        let (key, text) = known.ok_or_else(|| {
            ApiError::invalid("question", "question: The question is not one of the available questions.")
        })?;
        if answer.trim().chars().count() < SHORTEST_ANSWER {
            let cause = "The security question answer must be at least 4 characters in length";
            return Err(ApiError::invalid("answer", cause));
        }
        Ok(Self { key, text, answer })
    }

    /// The body of a PUT: `{"profile":{"question":…,"answer":…}}`.
    pub(super) fn from_body(body: &Map<String, Value>) -> Result<Self, ApiError> {
        Self::read(object(body, "profile").ok_or_else(|| ApiError::blank("profile"))?)
    }

    /// Capitals and blanks at the ends do not matter in an answer.
    pub(super) fn check(&self, given: &str) -> Result<(), ApiError> {
        let plain = |answer: &str| answer.trim().to_lowercase();
        if plain(given) == plain(&self.answer) {
            return Ok(());
        }
        Err(ApiError::because(Code::Mismatch, MISMATCH))
    }

    pub(super) fn profile(&self) -> Value {
        json!({ "question": self.key, "questionText": self.text })
    }
}

/// All questions to choose from.
pub(super) fn all() -> Value {
    let shown = QUESTIONS.iter().map(|(key, text)| json!({ "question": key, "questionText": text }));
    Value::Array(shown.collect())
}
