//! Two answers compared by what they mean: what is gone, what is new, what says something else.
//!
//! Both sides hold stand-ins, as recordings do, so that nothing secret is ever compared or shown; `terms` finds in each
//! text the ids and stand-ins, which may differ between two runs, and `bindings` knows which of one side stands for
//! which of the other. `value` and `arrays` compare JSON, `exchange` whole requests and answers, `align` finds the
//! interactions of two cassettes that belong together, `plan` says what of a cassette can be asked again, `translate`
//! puts the values of one side in the place of the other's, `merge` and `graft` make one cassette of one that was
//! recorded again and what came of it. Sends nothing and writes nothing.

mod align;
mod arrays;
mod bindings;
mod change;
mod exchange;
mod graft;
mod merge;
mod plan;
mod terms;
mod translate;
mod value;

pub use align::{Aligned, Pair, align};
pub use bindings::Bindings;
pub use change::{Change, Kind as ChangeKind, Severity, most_severe};
pub use exchange::{Comparer, Known};
pub use merge::{Entry, Merge};
pub use plan::{Plan, Step};
pub use terms::{Sort, Terms};
pub use translate::Translation;
