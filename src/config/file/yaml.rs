//! The file's text as a tree of texts, lists and maps, and the way back from a node to its place.
//!
//! A flag wants its value as it was written (`1.10`, `007`), but the parser tells of a scalar either its kind or its
//! text. So a text is read twice: for its shape, then for its texts. Places are looked for when a message needs one.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A key without a value, or `null`.
    Empty,
    /// A scalar, as it was written.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in its order; a key may come more than once.
    Map(Vec<(String, Node)>),
}

/// Line and column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a text is no YAML, and where.
#[derive(Debug)]
pub(super) struct NotYaml {
    pub(super) place: Place,
    pub(super) problem: String,
}

/// Reads a text that holds one document, or none.
///
/// # Errors
/// It is not YAML, or more than one document.
pub(super) fn read(text: &str) -> Result<Node, NotYaml> {
    let shape: Option<Shape> = serde_yaml::from_str(text).map_err(|error| {
        let several = error.to_string().contains("more than one document");
        several.then(|| second_document(text)).flatten().unwrap_or_else(|| not_yaml(&error))
    })?;
    match shape {
        None => Ok(Node::Empty),
        Some(shape) => shape.deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|e| not_yaml(&e)),
    }
}

/// Where the key begins to which `path` leads: the number of an entry of the file, then of one of that, and so on.
pub(super) fn place_of_key(text: &str, path: &[usize]) -> Place {
    place(text, Step { path, key: true })
}

/// Where the value begins to which `path` leads.
pub(super) fn place_of_value(text: &str, path: &[usize]) -> Place {
    place(text, Step { path, key: false })
}

fn place(text: &str, step: Step<'_>) -> Place {
    let found = step.deserialize(serde_yaml::Deserializer::from_str(text));
    found.err().and_then(|error| at(&error)).unwrap_or(Place { line: 1, column: 1 })
}

fn at(error: &serde_yaml::Error) -> Option<Place> {
    error.location().map(|at| Place { line: at.line(), column: at.column() })
}

/// Where the second document begins: the parser says only that there is one.
fn second_document(text: &str) -> Option<NotYaml> {
    let second = serde_yaml::Deserializer::from_str(text).nth(1)?;
    let place = at(&second.deserialize_any(Here).err()?)?;
    Some(NotYaml { place, problem: "a second document begins here; one is all that is read".to_owned() })
}

fn not_yaml(error: &serde_yaml::Error) -> NotYaml {
    /// The parser's own way to say where.
    static PLACE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r" at (line \d+ column \d+|position \d+)").ok());
    let told = error.to_string();
    let problem = PLACE.as_ref().map(|place| place.replace_all(&told, "").into_owned()).unwrap_or(told);
    NotYaml { place: at(error).unwrap_or(Place { line: 1, column: 1 }), problem }
}

/// What kind of value stands where.
enum Shape {
    Empty,
    Scalar,
    List(Vec<Shape>),
    Map(Vec<Shape>),
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E: Error>(self) -> Result<Shape, E> {
                Ok(Shape::Empty)
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_i128<E: Error>(self, _: i128) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_u128<E: Error>(self, _: u128) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
                let mut shapes = Vec::new();
                while let Some(shape) = items.next_element()? {
                    shapes.push(shape);
                }
                Ok(Shape::List(shapes))
            }

            fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Shape, A::Error> {
                Err(A::Error::custom("a tag (`!…`) means nothing here; leave it out"))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
                let mut shapes = Vec::new();
                while let Some((IgnoredAny, shape)) = entries.next_entry()? {
                    shapes.push(shape);
                }
                Ok(Shape::Map(shapes))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        match self {
            Self::Empty => IgnoredAny::deserialize(deserializer).map(|IgnoredAny| Node::Empty),
            Self::Scalar => String::deserialize(deserializer).map(Node::Text),
            Self::List(shapes) => deserializer.deserialize_seq(Inside(shapes)),
            Self::Map(shapes) => deserializer.deserialize_map(Inside(shapes)),
        }
    }
}

/// Reads what stands in a list or a map.
struct Inside(Vec<Shape>);

impl<'de> Visitor<'de> for Inside {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a map")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::with_capacity(self.0.len());
        for shape in self.0 {
            nodes.extend(items.next_element_seed(shape)?);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::with_capacity(self.0.len());
        for shape in self.0 {
            let Some(key) = entries.next_key()? else { break };
            nodes.push((key, entries.next_value_seed(shape)?));
        }
        Ok(Node::Map(nodes))
    }
}

/// Goes to a node and fails there: only an error has a place.
#[derive(Clone, Copy)]
struct Step<'a> {
    path: &'a [usize],
    /// Whether the last key is meant, rather than its value.
    key: bool,
}

impl Step<'_> {
    fn next(self) -> Self {
        Self { path: self.path.get(1..).unwrap_or_default(), ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() {
            deserializer.deserialize_any(Here)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

/// Takes nothing, so that the parser says where it is.
struct Here;

impl Visitor<'_> for Here {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the node")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for _ in 0..self.path.first().copied().unwrap_or_default() {
            items.next_element::<IgnoredAny>()?;
        }
        items.next_element_seed(self.next()).map(|_| ())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        for _ in 0..self.path.first().copied().unwrap_or_default() {
            entries.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        if self.key && self.path.len() == 1 {
            return entries.next_key_seed(self.next()).map(|_| ());
        }
        entries.next_key::<IgnoredAny>()?;
        entries.next_value_seed(self.next())
    }
}
