//! Tokens that hold and tokens that must not: every algorithm, and what RFC 8725 warns of.

use base::Timestamp;
use federation::testing::{SigningKey, encode};
use federation::{Claims, Error, Expected, Identity, KeySet, TOKEN_MAX_BYTES, Token};
use proptest::prelude::{ProptestConfig, any, proptest};
use serde_json::{Value, json};

const NOW: i64 = 1_767_225_600;

fn claims() -> Value {
    json!({
        "iss": "https://issuer.example.com/tenant",
        "sub": "repo:acme/app:ref:refs/heads/main",
        "aud": "sts.amazonaws.com",
        "iat": NOW - 10,
        "exp": NOW + 300,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a key set")
}

fn verify(text: &str, keys: &KeySet) -> Result<Claims, Error> {
    Token::parse(text)?.verify(keys)
}

fn check(claims: &Claims) -> Result<Identity, Error> {
    let audiences = ["sts.amazonaws.com".to_owned(), "client-7".to_owned()];
    claims.check(&Expected {
        issuer: "issuer.example.com/tenant",
        audiences: &audiences,
        now: Timestamp::from_millis(NOW * 1000),
    })
}

fn outcome(claims: &Value) -> Result<Identity, Error> {
    let key = SigningKey::p256("k");
    check(&verify(&key.token("ES256", claims), &set(&[key.public()])).expect("it holds"))
}

#[test]
fn every_algorithm_holds_with_its_own_keys_only() {
    let keys = [SigningKey::rsa("rsa"), SigningKey::p256("p256"), SigningKey::p384("p384")];
    let all = set(&keys.each_ref().map(SigningKey::public));
    let algorithms =
        [&["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..], &["ES256"], &["ES384"]];
    for (key, own) in keys.iter().zip(algorithms) {
        for algorithm in own {
            let token = key.token(algorithm, &claims());
            let identity = check(&verify(&token, &all).expect("it holds")).expect("accepted");
            assert_eq!(identity.subject, "repo:acme/app:ref:refs/heads/main");
            // The same bytes are no signature of another algorithm of the same key.
            for other in own.iter().filter(|other| *other != algorithm) {
                let header = json!({ "alg": other, "kid": token_key(key) });
                let confused = key.sign(algorithm, &header, &claims());
                assert_eq!(verify(&confused, &all).err(), Some(Error::Signature), "{other}");
            }
        }
        // Nor does a key serve an algorithm of another kind.
        for other in algorithms.iter().flat_map(|all| all.iter()).filter(|a| !own.contains(a)) {
            let header = json!({ "alg": other, "kid": token_key(key) });
            let confused = key.sign(own[0], &header, &claims());
            assert_eq!(verify(&confused, &all).err(), Some(Error::UnknownKey), "{other}");
        }
    }
}

fn token_key(key: &SigningKey) -> Value {
    key.public()["kid"].clone()
}

#[test]
fn unsigned_and_symmetric_tokens_are_refused() {
    let key = SigningKey::rsa("k");
    for algorithm in
        ["none", "None", "nOnE", "", "HS256", "HS512", "ES256K", "EdDSA", "RSA-OAEP", "rs256"]
    {
        let token = key.sign("RS256", &json!({ "alg": algorithm, "kid": "k" }), &claims());
        assert_eq!(Token::parse(&token).err(), Some(Error::Algorithm), "{algorithm}");
    }
    let bare = format!("{}.{}.", encode(&json!({ "alg": "RS256" })), encode(&claims()));
    let keys = set(&[key.public()]);
    assert_eq!(verify(&bare, &keys).err(), Some(Error::Signature));
}

#[test]
fn a_token_does_not_choose_its_keys() {
    let (ours, theirs) = (SigningKey::p256("k"), SigningKey::p256("k"));
    let keys = set(&[ours.public()]);
    for header in [
        json!({ "alg": "ES256", "kid": "k" }),
        json!({ "alg": "ES256", "jwk": theirs.public() }),
        json!({ "alg": "ES256", "jku": "https://evil.example.com/keys" }),
    ] {
        let token = theirs.sign("ES256", &header, &claims());
        assert_eq!(verify(&token, &keys).err(), Some(Error::Signature), "{header}");
    }
    for id in ["../../etc/passwd", "' OR 1=1", "k\u{0}", "K", ""] {
        let token = ours.sign("ES256", &json!({ "alg": "ES256", "kid": id }), &claims());
        assert_eq!(verify(&token, &keys).err(), Some(Error::UnknownKey), "{id}");
    }
    // Without an id every key of the kind is tried.
    let token = ours.sign("ES256", &json!({ "alg": "ES256" }), &claims());
    assert!(verify(&token, &set(&[theirs.public(), ours.public()])).is_ok());
    for header in
        [json!({ "alg": "ES256", "kid": 7 }), json!({ "alg": "ES256", "kid": "k".repeat(2000) })]
    {
        let token = ours.sign("ES256", &header, &claims());
        assert_eq!(Token::parse(&token).err(), Some(Error::NotAToken));
    }
    let critical = json!({ "alg": "ES256", "kid": "k", "b64": false, "crit": ["b64"] });
    let token = ours.sign("ES256", &critical, &claims());
    assert_eq!(Token::parse(&token).err(), Some(Error::Algorithm));
}

#[test]
fn keys_serve_only_what_they_are_for() {
    let key = SigningKey::p256("k");
    let token = key.token("ES256", &claims());
    for (member, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("alg", json!("ES384")),
        ("crv", json!("P-384")),
        ("kty", json!("OKP")),
        ("x", json!("AAAA")),
    ] {
        let mut public = key.public();
        public[member] = value;
        assert_eq!(verify(&token, &set(&[public])).err(), Some(Error::UnknownKey), "{member}");
    }
    let mut public = key.public();
    for (member, value) in
        [("use", json!("sig")), ("alg", json!("ES256")), ("key_ops", json!(["verify"]))]
    {
        public[member] = value;
    }
    assert!(verify(&token, &set(&[public])).is_ok());
    // A point that is not on the curve, and a modulus that is too short, verify nothing.
    let mut public = key.public();
    public["y"] = public["x"].clone();
    assert_eq!(verify(&token, &set(&[public])).err(), Some(Error::Signature));
    let short = json!({ "kty": "RSA", "kid": "k", "n": "u1SU1LfV", "e": "AQAB" });
    let token = SigningKey::rsa("k").token("RS256", &claims());
    assert_eq!(verify(&token, &set(&[short])).err(), Some(Error::Signature));
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[7]}"#] {
        let read = KeySet::parse(text.as_bytes());
        assert_eq!(read.is_ok(), text.contains('7'), "{text}");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let key = SigningKey::p256("k");
    let token = key.token("ES256", &claims());
    let parts: Vec<&str> = token.split('.').collect();
    let header = parts[0];
    let twice = r#"{"iss":"https://a","sub":"x","sub":"y"}"#;
    let twice = base64_of(twice);
    for text in [
        String::new(),
        "...".to_owned(),
        "an-access-token".to_owned(),
        parts[..2].join("."),
        format!("{token}.{header}"),
        format!("{token}="),
        format!(" {token}"),
        format!("{header}.{twice}.{}", parts[2]),
        format!("{header}.{}.{}", base64_of("[]"), parts[2]),
        format!("{}.{}.{}", base64_of(&"[".repeat(5000)), parts[1], parts[2]),
        "a".repeat(TOKEN_MAX_BYTES + 1),
    ] {
        assert_eq!(Token::parse(&text).err(), Some(Error::NotAToken), "{text}");
    }
    let huge = with("padding", json!("x".repeat(TOKEN_MAX_BYTES)));
    assert_eq!(Token::parse(&key.token("ES256", &huge)).err(), Some(Error::NotAToken));
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

#[test]
fn claims_must_be_for_us_and_for_now() {
    assert!(outcome(&claims()).is_ok());
    for (name, value, expected) in [
        ("iss", json!("https://issuer.example.com"), Error::Issuer),
        ("iss", json!("http://issuer.example.com/tenant"), Error::Issuer),
        ("iss", json!("https://issuer.example.com/tenant/"), Error::Issuer),
        ("sub", json!(""), Error::Claim("sub")),
        ("sub", json!(7), Error::Claim("sub")),
        ("aud", json!("other"), Error::Audience),
        ("aud", json!(["sts.amazonaws.com", "other"]), Error::Audience),
        ("aud", json!([]), Error::Audience),
        ("aud", json!([7]), Error::Claim("aud")),
        ("azp", json!("other"), Error::Audience),
        ("exp", json!(NOW), Error::Expired(NOW)),
        ("exp", json!("never"), Error::Claim("exp")),
        ("exp", json!(1e300), Error::Claim("exp")),
        ("nbf", json!(NOW + 301), Error::NotYet),
        ("iat", json!(NOW + 301), Error::NotYet),
    ] {
        assert_eq!(outcome(&with(name, value.clone())).err(), Some(expected), "{name} {value}");
    }
    for name in ["sub", "aud", "exp", "iat"] {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(name);
        assert_eq!(outcome(&claims).err(), Some(Error::Claim(name)));
    }
    let for_several = with("aud", json!(["other", "more"]));
    let mut for_several = for_several;
    for_several["azp"] = json!("client-7");
    let identity = outcome(&for_several).expect("its party is accepted");
    assert_eq!((identity.audience.as_str(), identity.audiences.len()), ("client-7", 2));
}

#[test]
fn tags_come_with_the_token() {
    let tags = json!({
        "principal_tags": { "Project": ["Automation"], "Team": "red" },
        "transitive_tag_keys": ["Project"],
    });
    let identity = outcome(&with("https://aws.amazon.com/tags", tags)).expect("accepted");
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(identity.tags, [pair("Project", "Automation"), pair("Team", "red")]);
    assert_eq!(identity.transitive, ["Project"]);
    for tags in [
        json!("red"),
        json!({}),
        json!({ "principal_tags": { "Team": ["red", "blue"] } }),
        json!({ "principal_tags": { "Team": 7 } }),
        json!({ "principal_tags": {}, "transitive_tag_keys": "Team" }),
    ] {
        let refused = outcome(&with("https://aws.amazon.com/tags", tags));
        assert!(matches!(refused, Err(Error::Claim(_))), "{refused:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_changed_token_holds(place in any::<proptest::sample::Index>(), to in any::<u8>()) {
        let key = SigningKey::p256("k");
        let keys = set(&[key.public()]);
        let token = key.token("ES256", &claims());
        let mut bytes = token.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = b"ABCxyz019-_."[usize::from(to) % 12];
        let changed = String::from_utf8(bytes).expect("text");
        assert!(changed == token || verify(&changed, &keys).is_err());
    }
}
