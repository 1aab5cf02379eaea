//! The request context: condition keys and their values. Keys are compared without regard to case, as everywhere in
//! IAM; values keep their type, so that an address is parsed once and not by every condition that asks for it.

use std::borrow::Cow;
use std::net::IpAddr;

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::condition::date;
use crate::template::fold;

/// A value of a condition key.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, and anything that arrived as text.
    Text(Cow<'static, str>),
    /// A whole number.
    Integer(i64),
    /// A boolean.
    Bool(bool),
    /// A moment.
    Time(Timestamp),
    /// A network address.
    Ip(IpAddr),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Condition keys with their values, in order of the keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    entries: Vec<(Cow<'static, str>, Values)>,
}

/// Most keys have one value, which needs no list.
#[derive(Clone, Debug, PartialEq)]
enum Values {
    One(Value),
    Many(Vec<Value>),
}

impl Context {
    /// An empty context with room for `keys` keys.
    pub fn with_capacity(keys: usize) -> Self {
        Self { entries: Vec::with_capacity(keys) }
    }

    /// Gives a key its single value, in place of what it had.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        self.put(key.into(), Values::One(value.into()));
    }

    /// Gives a key a list of values (`aws:TagKeys`), in place of what it had. An empty list is as good as no key.
    pub fn set_all<V: Into<Value>>(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = V>,
    ) {
        self.put(key.into(), Values::Many(values.into_iter().map(Into::into).collect()));
    }

    /// Gives a key one more value.
    pub fn add(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        let key = folded(key.into());
        match self.find(&key) {
            Err(index) => self.entries.insert(index, (key, Values::One(value.into()))),
            Ok(index) => {
                let values = &mut self.entries[index].1;
                let before = std::mem::replace(values, Values::Many(Vec::new()));
                let mut all = match before {
                    Values::One(first) => vec![first],
                    Values::Many(all) => all,
                };
                all.push(value.into());
                *values = Values::Many(all);
            }
        }
    }

    /// Tells the tags that a request carries: `aws:RequestTag/…` for each, and `aws:TagKeys`
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>).
    pub fn set_request_tags<'t>(&mut self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) {
        let mut keys = Vec::new();
        for (key, value) in tags {
            self.set(format!("aws:RequestTag/{key}"), value.to_owned());
            keys.push(key.to_owned());
        }
        self.set_all("aws:TagKeys", keys);
    }

    /// Takes a key away.
    pub fn remove(&mut self, key: &str) {
        if let Ok(index) = self.find(&fold(key)) {
            self.entries.remove(index);
        }
    }

    /// The values of a key; none if it is absent. `key` must be in lower case.
    #[inline]
    pub(crate) fn get(&self, key: &str) -> &[Value] {
        match self.find(key).map(|index| &self.entries[index].1) {
            Ok(Values::One(value)) => std::slice::from_ref(value),
            Ok(Values::Many(values)) => values,
            Err(_) => &[],
        }
    }

    /// All keys, in lower case, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Value])> {
        self.entries.iter().map(|(key, _)| (&**key, self.get(key)))
    }

    fn put(&mut self, key: Cow<'static, str>, values: Values) {
        let key = folded(key);
        match self.find(&key) {
            Ok(index) => self.entries[index].1 = values,
            Err(index) => self.entries.insert(index, (key, values)),
        }
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(have, _)| (**have).cmp(key))
    }
}

fn folded(key: Cow<'static, str>) -> Cow<'static, str> {
    match fold(&key) {
        Cow::Borrowed(_) => key,
        Cow::Owned(folded) => Cow::Owned(folded),
    }
}

impl Value {
    /// The value as string operators and variables see it.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Time(time) => Cow::Owned(time.rfc3339()),
            Self::Ip(address) => Cow::Owned(address.to_string()),
            Self::Bytes(bytes) => Cow::Owned(STANDARD.encode(bytes)),
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Time(time) => Some(time.seconds() as f64),
            Self::Text(text) => parse_number(text),
            Self::Bool(_) | Self::Ip(_) | Self::Bytes(_) => None,
        }
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) => parse_bool(text),
            _ => None,
        }
    }

    pub(crate) fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(*time),
            Self::Integer(seconds) => Some(Timestamp::from_millis(seconds.saturating_mul(1000))),
            Self::Text(text) => date::parse(text),
            _ => None,
        }
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(address.to_canonical()),
            Self::Text(text) => text.trim().parse::<IpAddr>().ok().map(|ip| ip.to_canonical()),
            _ => None,
        }
    }

    pub(crate) fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            Self::Text(text) => STANDARD.decode(&**text).ok().map(Cow::Owned),
            _ => None,
        }
    }
}

pub(crate) fn parse_number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

macro_rules! from {
    ($type:ty, $value:ident => $made:expr) => {
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $made
            }
        }
    };
}
from!(&'static str, v => Self::Text(Cow::Borrowed(v)));
from!(String, v => Self::Text(Cow::Owned(v)));
from!(i64, v => Self::Integer(v));
from!(bool, v => Self::Bool(v));
from!(Timestamp, v => Self::Time(v));
from!(IpAddr, v => Self::Ip(v));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_no_case() {
        let mut context = Context::default();
        context.set("aws:SourceIp", IpAddr::from([10, 0, 0, 1]));
        context.set("AWS:sourceip", "10.0.0.2");
        context.set_all("aws:TagKeys", ["b", "a"]);
        assert_eq!(context.get("aws:sourceip"), [Value::from("10.0.0.2")]);
        assert_eq!(context.get("aws:tagkeys").len(), 2);
        assert_eq!(context.iter().count(), 2);
        context.add("aws:SourceIp", "10.0.0.3");
        context.add("aws:tagkeys", "c");
        assert_eq!(context.get("aws:sourceip"), ["10.0.0.2".into(), "10.0.0.3".into()]);
        assert_eq!(context.get("aws:tagkeys").len(), 3);
        context.add("new", "value");
        assert_eq!(context.get("new"), [Value::from("value")]);
        context.remove("AWS:TAGKEYS");
        assert!(context.get("aws:tagkeys").is_empty());
    }

    #[test]
    fn values_read_as_what_is_asked() {
        assert_eq!(Value::from("1.50").number(), Some(1.5));
        assert_eq!(Value::from("NaN").number(), None);
        assert_eq!(Value::from("TRUE").boolean(), Some(true));
        assert_eq!(Value::from("::ffff:1.2.3.4").address(), Some(IpAddr::from([1, 2, 3, 4])));
        assert_eq!(Value::Integer(1).time(), Some(Timestamp::from_millis(1000)));
        assert_eq!(Value::from(true).text(), "true");
    }
}
