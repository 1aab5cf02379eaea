//! Filters of DescribeParameters and GetParametersByPath.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html>

use api_ssm::error::{INVALID_FILTER_KEY, INVALID_FILTER_OPTION, INVALID_FILTER_VALUE};
use api_ssm::{ParameterStringFilter, ParametersFilter};
use shape::Failure;

use crate::record::Parameter;

/// How far below a path is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Right below it.
    OneLevel,
    /// Everywhere below it.
    Recursive,
}

/// All filters of a request; all must match.
#[derive(Debug)]
pub(crate) struct Filters(Vec<Filter>);

#[derive(Debug)]
struct Filter {
    key: Field,
    option: Comparison,
    values: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Field {
    Name,
    Type,
    KeyId,
    Path,
    Label,
    Tier,
    DataType,
    Tag(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equals,
    BeginsWith,
    Contains,
    Under(Depth),
}

impl Depth {
    /// Whether `name` lies below `prefix`, which ends with a slash.
    pub fn covers(self, prefix: &str, name: &str) -> bool {
        name.strip_prefix(prefix).is_some_and(|rest| self == Self::Recursive || !rest.contains('/'))
    }
}

impl Filters {
    /// Those of GetParametersByPath: Type, KeyId and Label.
    ///
    /// # Errors
    /// `InvalidFilterKey`, `InvalidFilterOption`, `InvalidFilterValue`.
    pub fn by_path(given: &[ParameterStringFilter]) -> Result<Self, Failure> {
        Self::new(given, |key| matches!(key, Field::Type | Field::KeyId | Field::Label))
    }

    /// Those of DescribeParameters: everything but Label, and the older kind, which knows Name, Type and KeyId.
    ///
    /// # Errors
    /// As [`Filters::by_path`].
    pub fn describing(
        given: &[ParameterStringFilter],
        older: &[ParametersFilter],
    ) -> Result<Self, Failure> {
        let mut filters = Self::new(given, |key| *key != Field::Label)?;
        for filter in older {
            let key = filter.key.as_ref().map(|key| key.as_str()).unwrap_or_default();
            let values = filter.values.clone().unwrap_or_default();
            filters.0.push(Filter {
                key: Field::parse(key)?,
                option: Comparison::BeginsWith,
                values,
            });
        }
        Ok(filters)
    }

    fn new(
        given: &[ParameterStringFilter],
        is_allowed: impl Fn(&Field) -> bool,
    ) -> Result<Self, Failure> {
        let read = |filter: &ParameterStringFilter| {
            let key = Field::parse(filter.key())?;
            if !is_allowed(&key) {
                return Err(unknown_key(filter.key()));
            }
            let option = Comparison::parse(&key, filter.option.as_deref())?;
            let values = filter.values.clone().unwrap_or_default();
            // A tag may be asked for whatever its value; everything else needs one.
            if values.is_empty() && !matches!(key, Field::Tag(_)) {
                let text = format!("The filter {} needs at least one value.", filter.key());
                return Err(INVALID_FILTER_VALUE.because(text));
            }
            Ok(Filter { key, option, values })
        };
        given.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the parameter matches all of them.
    pub fn match_(&self, parameter: &Parameter) -> bool {
        self.0.iter().all(|filter| filter.matches(parameter))
    }

    /// The label of the parameter that a filter by label asked for.
    pub fn label_of(&self, parameter: &Parameter) -> Option<String> {
        let filter = self.0.iter().find(|filter| filter.key == Field::Label)?;
        let mut labels = parameter.labels.keys();
        labels.find(|label| filter.is(label)).cloned()
    }
}

impl Filter {
    fn matches(&self, parameter: &Parameter) -> bool {
        match &self.key {
            Field::Name => self.is(&parameter.name),
            Field::Type => self.is(parameter.kind.as_str()),
            Field::KeyId => parameter.about.key_id.as_deref().is_some_and(|key| self.is(key)),
            Field::Path => self.is(&parameter.name),
            Field::Label => parameter.labels.keys().any(|label| self.is(label)),
            Field::Tier => self.is(parameter.tier.as_str()),
            Field::DataType => self.is(&parameter.data_type),
            Field::Tag(tag) => parameter
                .tags
                .get(tag)
                .is_some_and(|value| self.values.is_empty() || self.is(value)),
        }
    }

    fn is(&self, text: &str) -> bool {
        self.values.iter().any(|value| match self.option {
            Comparison::Equals => text == value,
            Comparison::BeginsWith => text.starts_with(value.as_str()),
            Comparison::Contains => text.contains(value.as_str()),
            Comparison::Under(depth) => {
                depth.covers(&format!("{}/", value.trim_end_matches('/')), text)
            }
        })
    }
}

impl Field {
    fn parse(text: &str) -> Result<Self, Failure> {
        Ok(match text {
            "Name" => Self::Name,
            "Type" => Self::Type,
            "KeyId" => Self::KeyId,
            "Path" => Self::Path,
            "Label" => Self::Label,
            "Tier" => Self::Tier,
            "DataType" => Self::DataType,
            other => match other.strip_prefix("tag:") {
                Some(tag) => Self::Tag(tag.to_owned()),
                None => return Err(unknown_key(other)),
            },
        })
    }
}

impl Comparison {
    fn parse(key: &Field, text: Option<&str>) -> Result<Self, Failure> {
        let option = match (key, text) {
            (Field::Path, None | Some("OneLevel")) => Self::Under(Depth::OneLevel),
            (Field::Path, Some("Recursive")) => Self::Under(Depth::Recursive),
            (Field::Path, Some(_)) => return Err(unknown_option(text)),
            (_, None | Some("Equals")) => Self::Equals,
            (Field::Tag(_), Some(_)) => return Err(unknown_option(text)),
            (_, Some("BeginsWith")) => Self::BeginsWith,
            (Field::Name, Some("Contains")) => Self::Contains,
            _ => return Err(unknown_option(text)),
        };
        Ok(option)
    }
}

fn unknown_key(key: &str) -> Failure {
    INVALID_FILTER_KEY.because(format!("The filter key {key} is not valid for this operation."))
}

fn unknown_option(option: Option<&str>) -> Failure {
    let option = option.unwrap_or_default();
    INVALID_FILTER_OPTION.because(format!("The following filter option is not valid: {option}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_levels() {
        assert!(Depth::OneLevel.covers("/a/", "/a/b"));
        assert!(!Depth::OneLevel.covers("/a/", "/a/b/c"));
        assert!(Depth::Recursive.covers("/a/", "/a/b/c"));
        assert!(!Depth::Recursive.covers("/a/", "/ab"));
    }
}
