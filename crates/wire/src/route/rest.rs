//! Method and path of restJson1 and restXml operations, matched against the models' URI templates.
//!
//! The most specific template wins: segment by segment a literal before a label before a greedy label, then more
//! segments, then more query literals (Smithy, 'http trait'). Segments are compared after decoding, and a label is
//! never empty. Dot segments are ordinary text here: no path is normalised.

use std::cmp::Reverse;

use percent_encoding::percent_decode_str;
use shape::OperationSchema;

use crate::limits;
use crate::request::Request;

/// The templates of a service, the most specific first.
#[derive(Debug)]
pub(super) struct Templates(Vec<Template>);

/// A template that fits.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) operation: &'static OperationSchema,
    pub(super) labels: Vec<(&'static str, String)>,
    /// Greater is more specific.
    pub(super) rank: &'a Rank,
}

#[derive(Debug)]
struct Template {
    operation: &'static OperationSchema,
    segments: Vec<Segment>,
    query: Vec<(&'static str, Option<&'static str>)>,
    rank: Rank,
}

/// Kinds of segments from left to right, then the number of query literals.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(Vec<u8>, usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment {
    Literal(&'static str),
    Label(&'static str),
    Greedy(&'static str),
}

impl Templates {
    pub(super) fn new(operations: &[&'static OperationSchema]) -> Self {
        let mut templates: Vec<Template> = operations.iter().map(|o| Template::new(o)).collect();
        templates.sort_by(|a, b| Reverse(&a.rank).cmp(&Reverse(&b.rank)));
        Self(templates)
    }

    pub(super) fn find(&self, request: &Request) -> Option<Found<'_>> {
        if self.0.is_empty() {
            return None;
        }
        let path = request.path.strip_prefix('/').unwrap_or(&request.path);
        let segments: Vec<&str> = path.split('/').take(limits::MAX_PATH_SEGMENTS + 1).collect();
        if segments.len() > limits::MAX_PATH_SEGMENTS {
            return None;
        }
        self.0.iter().find_map(|template| {
            if template.operation.http.method != request.method.as_str()
                || !template.query_fits(&request.query)
            {
                return None;
            }
            let labels = template.labels(&segments)?;
            Some(Found { operation: template.operation, labels, rank: &template.rank })
        })
    }
}

impl Template {
    fn new(operation: &'static OperationSchema) -> Self {
        let (path, query) = operation.http.uri.split_once('?').unwrap_or((operation.http.uri, ""));
        let segments: Vec<Segment> =
            path.split('/').filter(|segment| !segment.is_empty()).map(Segment::new).collect();
        let query: Vec<_> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (pair, None),
            })
            .collect();
        let kinds = segments.iter().map(|segment| match segment {
            Segment::Greedy(_) => 1,
            Segment::Label(_) => 2,
            Segment::Literal(_) => 3,
        });
        let rank = Rank(kinds.collect(), query.len());
        Self { operation, segments, query, rank }
    }

    /// Every literal of the template's query is in the request's, with its value if it has one.
    fn query_fits(&self, query: &str) -> bool {
        self.query.iter().all(|(name, value)| {
            query.split('&').any(|pair| {
                let (found, given) = pair.split_once('=').unwrap_or((pair, ""));
                found == *name && value.is_none_or(|value| value == given)
            })
        })
    }

    /// The labels, if the path fits. Without a greedy label, a slash at the end makes no difference.
    fn labels(&self, path: &[&str]) -> Option<Vec<(&'static str, String)>> {
        let greedy = self.segments.iter().position(|s| matches!(s, Segment::Greedy(_)));
        let Some(at) = greedy else {
            let path = match path {
                [rest @ .., ""] => rest,
                path => path,
            };
            let same = path.len() == self.segments.len();
            return same.then(|| pair_up(&self.segments, path)).flatten();
        };
        let behind = self.segments.len() - at - 1;
        let end = path.len().checked_sub(behind).filter(|end| *end > at)?;
        let mut labels = pair_up(&self.segments[..at], &path[..at])?;
        if let Segment::Greedy(name) = self.segments[at] {
            labels.push((name, decode(&path[at..end].join("/"))?));
        }
        labels.extend(pair_up(&self.segments[at + 1..], &path[end..])?);
        Some(labels)
    }
}

impl Segment {
    fn new(text: &'static str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name),
                None => Self::Label(name),
            },
            None => Self::Literal(text),
        }
    }
}

fn pair_up(segments: &[Segment], path: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let mut labels = Vec::new();
    for (segment, text) in segments.iter().zip(path) {
        match segment {
            Segment::Literal(literal) if literal == text => {}
            Segment::Literal(literal) => {
                let same = decode(text).is_some_and(|text| text == *literal);
                same.then_some(())?;
            }
            Segment::Label(name) | Segment::Greedy(name) => labels.push((*name, decode(text)?)),
        }
    }
    Some(labels)
}

/// A segment without its escapes; `None` if it is empty or not text.
fn decode(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.is_empty()).then(|| text.into_owned())
}
