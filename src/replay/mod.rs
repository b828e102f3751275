//! Replay: which recorded answer is due, and how it goes out.
//!
//! Built once at load: `timeline` is one cassette with its keys, groups and `openers`; `variables` what it leaves open;
//! `answer` a recorded response made ready to send, with its `head`, a `template` where `splitter` found open places in it; `index` all
//! of them. Changed by serving: `session` holds what one client run was given (`marks`, by `numbers` that outlive a load), `bindings` what it sends in the place of
//! what was recorded, `run` its name and times, `sessions` all of them by `names`; `view` shows them to those who look
//! on. Per request: `search` finds what is due, `unify` tells how well a recording fits, `filling` what comes to the
//! open places; `player` puts it together, with `captured` for what is recorded meanwhile, `latency` holds it back, `miss`
//! explains why there is no answer, `explain` any request, both by an `explanation`.
//! Nothing here can reach an upstream.

mod answer;
mod bindings;
mod captured;
mod explain;
mod explanation;
mod filling;
mod head;
mod index;
mod latency;
mod marks;
mod miss;
mod names;
mod numbers;
mod openers;
mod player;
mod run;
mod search;
mod session;
mod sessions;
mod spelling;
mod splitter;
mod template;
mod time;
mod timeline;
mod unify;
mod variables;
mod view;

pub use explanation::{Answering, Considered, Explanation, Match, Named, Standing, Verdict, told};
pub use latency::Latency;
pub use names::{
    DEFAULT as DEFAULT_SESSION, LONGEST_NAME, SessionBy, check as check_session_name, of as session_name,
};
pub use player::{Answered, Missed, Player, Recording, ReplayOptions, decoded_as, decoded_body};
pub use run::Tally;
pub use session::Session;
pub use sessions::{Held, SessionOptions, Sessions};
pub use view::{CassetteUse, CassetteView, SessionView, UnusedRecording};

pub(crate) use openers::openers;
