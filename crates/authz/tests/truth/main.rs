//! The compiled engine against a second one written from the documentation's flow chart: over random policies and
//! requests they must agree on the answer, on the layers that deny and on the layers that lack an allow.
//! `BASTIDE_LONG=1` tries a million cases.

mod naive;
mod world;

use authz::{Decision, Layer, Policies, Verdict, evaluate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Cases of an ordinary run, and of a long one.
const CASES: u32 = 30_000;
const CASES_LONG: u32 = 1_000_000;
/// Choices that make a case; enough that the largest worlds do not run out.
const CHOICES: usize = 600;

#[test]
fn two_evaluators_agree() {
    let long = std::env::var_os("BASTIDE_LONG").is_some_and(|value| value == "1");
    let cases = if long { CASES_LONG } else { CASES };
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcomes = std::cell::RefCell::new([0_u32; 3]);
    let run = runner.run(&vec(any::<u8>(), 0..CHOICES), |choices| {
        let world = world::World::new(&choices);
        let decision = evaluate(&world.request, &world.compiled());
        let expected = naive::decide(&world);
        prop_assert_eq!(&answer(&decision), &expected, "{}", world);
        outcomes.borrow_mut()[expected.place()] += 1;
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    // The comparison is worth what it reaches: each kind of answer must be common.
    let outcomes = outcomes.into_inner();
    println!("allowed, denied by a statement, denied for want of one: {outcomes:?} of {cases}");
    assert!(outcomes.iter().all(|count| *count > cases / 50), "{outcomes:?}");
}

/// A decision as the naive engine gives it.
fn answer(decision: &Decision) -> naive::Answer {
    let layers = |verdict: Verdict| {
        let mut layers = decision.reasons.iter().filter(|r| r.verdict == verdict);
        let mut layers = layers.by_ref().map(|r| r.layer).collect::<Vec<Layer>>();
        layers.sort_unstable();
        layers.dedup();
        layers
    };
    let (denies, lacks) = (layers(Verdict::Denies), layers(Verdict::LacksAllow));
    match (decision.allowed, denies.is_empty()) {
        (true, true) if lacks.is_empty() => naive::Answer::Allow,
        (false, false) if lacks.is_empty() => naive::Answer::ExplicitDeny(denies),
        (false, true) if !lacks.is_empty() => naive::Answer::ImplicitDeny(lacks),
        _ => panic!("contradictory reasons: {decision:?}"),
    }
}

#[test]
fn nothing_applies_and_nothing_is_allowed() {
    let principal =
        authz::Principal::user(base::AccountId::DEFAULT, "arn:aws:iam::123456789012:user/u");
    let request = authz::Request::new(principal, "s3:GetObject", "*");
    let decision = evaluate(&request, &Policies::default());
    assert_eq!(answer(&decision), naive::Answer::ImplicitDeny(vec![Layer::Identity]));
}
