//! What the store promises, one test a promise, each on both backends. PostgreSQL's run where `BASTIDE_TEST_POSTGRES`
//! names a database (a URL whose user may create schemas); elsewhere they say that they are skipped.

mod harness;

use std::sync::Arc;
use std::time::Duration;

use base::{AccountId, Timestamp};
use harness::{Home, Name, Thing, at, key, scope};
use store::{JournalEntry, JournalQuery, Range, Scope, Store, StoreError, Tx};

/// Makes one module for each backend, with every test in it.
macro_rules! suite {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Home::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(home) = super::Home::postgres().await {
                    super::$test(home.clone()).await;
                    home.drop_schema().await;
                }
            })*
        }
    };
}

suite! {
    records_are_written_read_and_deleted,
    a_stale_read_conflicts,
    an_absent_read_conflicts,
    a_recreated_record_is_another,
    a_failed_commit_writes_nothing,
    checks_alone_are_verified,
    create_refuses_what_exists,
    own_writes_are_read,
    a_record_reads_the_same_twice,
    discarding_keeps_the_journal_and_the_checks,
    scans_are_ordered_and_paged,
    scans_see_own_writes,
    scans_cross_scopes,
    the_journal_is_newest_first,
    the_journal_filters,
    journal_pages_are_stable,
    due_work_is_ordered,
    the_outbox_keeps_order_until_acknowledged,
    tallies_add_up,
    leases_exclude,
    reset_leaves_nothing,
    everything_survives_reopening,
    increments_are_exact,
    commits_are_all_or_nothing_under_contention,
    limits_are_enforced,
    a_closed_store_says_so,
}

async fn records_are_written_read_and_deleted(home: Home) {
    let store = home.open().await;
    let mut tx = store.begin();
    assert_eq!(tx.get::<Thing>(&scope(), "a").await.expect("reads"), None);
    tx.put(&scope(), "a", &Thing { n: 1 }).expect("valid");
    store.commit(tx).await.expect("commits");
    assert_eq!(read(&store, "a").await, Some(1));
    let mut tx = store.begin();
    tx.put(&scope(), "a", &Thing { n: 2 }).expect("valid");
    tx.put(&scope(), "b", &Thing { n: 3 }).expect("valid");
    store.commit(tx).await.expect("commits");
    assert_eq!((read(&store, "a").await, read(&store, "b").await), (Some(2), Some(3)));
    let mut tx = store.begin();
    tx.delete::<Thing>(&scope(), "a").expect("valid");
    tx.delete::<Thing>(&scope(), "never").expect("valid");
    store.commit(tx).await.expect("commits");
    assert_eq!((read(&store, "a").await, read(&store, "b").await), (None, Some(3)));
    // Another kind with the same id is another record.
    assert_eq!(store.begin().peek::<Name>(&scope(), "b").await.expect("reads"), None);
}

async fn a_stale_read_conflicts(home: Home) {
    let store = home.open().await;
    put(&store, "a", 1).await;
    let mut tx = store.begin();
    tx.get::<Thing>(&scope(), "a").await.expect("reads");
    tx.put(&scope(), "b", &Thing { n: 1 }).expect("valid");
    put(&store, "a", 2).await;
    assert!(matches!(store.commit(tx).await, Err(StoreError::Conflict)));
    assert_eq!(read(&store, "b").await, None);
    // A peek promises nothing and so cannot conflict.
    let tx = store.begin();
    tx.peek::<Thing>(&scope(), "a").await.expect("reads");
    put(&store, "a", 3).await;
    store.commit(tx).await.expect("commits");
}

async fn an_absent_read_conflicts(home: Home) {
    let store = home.open().await;
    let mut tx = store.begin();
    assert_eq!(tx.get::<Thing>(&scope(), "a").await.expect("reads"), None);
    tx.put(&scope(), "b", &Thing { n: 1 }).expect("valid");
    put(&store, "a", 1).await;
    assert!(matches!(store.commit(tx).await, Err(StoreError::Conflict)));
}

async fn a_recreated_record_is_another(home: Home) {
    let store = home.open().await;
    put(&store, "a", 1).await;
    let mut tx = store.begin();
    tx.get::<Thing>(&scope(), "a").await.expect("reads");
    tx.put(&scope(), "b", &Thing { n: 1 }).expect("valid");
    let mut deleting = store.begin();
    deleting.delete::<Thing>(&scope(), "a").expect("valid");
    store.commit(deleting).await.expect("commits");
    put(&store, "a", 1).await;
    assert!(matches!(store.commit(tx).await, Err(StoreError::Conflict)));
}

async fn a_failed_commit_writes_nothing(home: Home) {
    let store = home.open().await;
    put(&store, "a", 1).await;
    let mut tx = store.begin();
    tx.get::<Thing>(&scope(), "a").await.expect("reads");
    tx.put(&scope(), "b", &Thing { n: 1 }).expect("valid");
    tx.delete::<Thing>(&scope(), "a").expect("valid");
    tx.emit(b"{}".to_vec()).expect("fits");
    tx.put_due(&scope(), "test", "work", "a", Some(at(1))).expect("valid");
    tx.tally(key("a"), "Use", 1, at(1));
    tx.journal(&entry(1, "x")).expect("fits");
    put(&store, "a", 2).await;
    assert!(matches!(store.commit(tx).await, Err(StoreError::Conflict)));
    assert_eq!((read(&store, "a").await, read(&store, "b").await), (Some(2), None));
    assert!(store.outbox(9).await.expect("reads").is_empty());
    assert!(store.due(Timestamp::MAX, 9).await.expect("reads").is_empty());
    assert!(store.tallies(&scope(), &[]).await.expect("reads").is_empty());
    assert!(history(&store, JournalQuery::newest(scope(), 9)).await.is_empty());
}

async fn checks_alone_are_verified(home: Home) {
    let store = home.open().await;
    put(&store, "a", 1).await;
    let mut tx = store.begin();
    tx.get::<Thing>(&scope(), "a").await.expect("reads");
    assert!(tx.is_read_only());
    store.commit(tx).await.expect("still the same");
    let mut tx = store.begin();
    tx.get::<Thing>(&scope(), "a").await.expect("reads");
    put(&store, "a", 2).await;
    assert!(matches!(store.commit(tx).await, Err(StoreError::Conflict)));
}

async fn create_refuses_what_exists(home: Home) {
    let store = home.open().await;
    for expected in [true, false] {
        let mut tx = store.begin();
        tx.create(&scope(), "a", &Thing { n: 1 }).expect("valid");
        let result = store.commit(tx).await;
        assert_eq!(result.is_ok(), expected, "{result:?}");
    }
    // Deleted by the same transaction, it may be created.
    let mut tx = store.begin();
    tx.delete::<Thing>(&scope(), "a").expect("valid");
    tx.create(&scope(), "a", &Thing { n: 2 }).expect("valid");
    store.commit(tx).await.expect("commits");
    assert_eq!(read(&store, "a").await, Some(2));
    // Two at once: one of them.
    let create = || async {
        let mut tx = store.begin();
        tx.create(&scope(), "b", &Thing { n: 1 }).expect("valid");
        store.commit(tx).await
    };
    let (one, two) = tokio::join!(create(), create());
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

async fn own_writes_are_read(home: Home) {
    let store = home.open().await;
    put(&store, "a", 1).await;
    let mut tx = store.begin();
    tx.put(&scope(), "a", &Thing { n: 2 }).expect("valid");
    assert_eq!(
        tx.get::<Thing>(&scope(), "a").await.expect("reads"),
        Some(Arc::new(Thing { n: 2 }))
    );
    tx.delete::<Thing>(&scope(), "a").expect("valid");
    assert_eq!(tx.get::<Thing>(&scope(), "a").await.expect("reads"), None);
    assert_eq!(tx.peek::<Thing>(&scope(), "a").await.expect("reads"), None);
    drop(tx);
    assert_eq!(read(&store, "a").await, Some(1));
}

async fn a_record_reads_the_same_twice(home: Home) {
    let store = home.open().await;
    put(&store, "a", 1).await;
    let mut tx = store.begin();
    let first = tx.get::<Thing>(&scope(), "a").await.expect("reads");
    put(&store, "a", 2).await;
    assert_eq!(tx.get::<Thing>(&scope(), "a").await.expect("reads"), first);
    assert!(matches!(store.commit(tx).await, Err(StoreError::Conflict)));
}

async fn discarding_keeps_the_journal_and_the_checks(home: Home) {
    let store = home.open().await;
    put(&store, "a", 1).await;
    let attempt = async |change: bool| {
        let mut tx = store.begin();
        tx.get::<Thing>(&scope(), "a").await.expect("reads");
        tx.put(&scope(), "a", &Thing { n: 9 }).expect("valid");
        tx.create(&scope(), "b", &Thing { n: 9 }).expect("valid");
        tx.emit(b"{}".to_vec()).expect("fits");
        tx.put_due(&scope(), "test", "work", "a", Some(at(1))).expect("valid");
        tx.tally(key("a"), "Use", 1, at(1));
        tx.discard_writes();
        tx.journal(&entry(1, "denied")).expect("fits");
        if change {
            put(&store, "a", 2).await;
        }
        store.commit(tx).await
    };
    attempt(false).await.expect("commits");
    assert_eq!((read(&store, "a").await, read(&store, "b").await), (Some(1), None));
    assert!(store.outbox(9).await.expect("reads").is_empty());
    assert!(store.due(Timestamp::MAX, 9).await.expect("reads").is_empty());
    assert!(store.tallies(&scope(), &[]).await.expect("reads").is_empty());
    assert_eq!(history(&store, JournalQuery::newest(scope(), 9)).await, [1]);
    assert!(matches!(attempt(true).await, Err(StoreError::Conflict)));
}

async fn scans_are_ordered_and_paged(home: Home) {
    let store = home.open().await;
    let mut tx = store.begin();
    for id in ["b", "a/2", "a", "c", "a/1", "a/10"] {
        tx.put(&scope(), id, &Thing { n: 1 }).expect("valid");
    }
    tx.put(&scope(), "a/3", &Name { name: "another kind".into() }).expect("valid");
    tx.put(&Scope::global(AccountId::DEFAULT), "a/4", &Thing { n: 1 }).expect("valid");
    store.commit(tx).await.expect("commits");
    let tx = store.begin();
    assert_eq!(ids(&tx, Range::default(), 99).await, ["a", "a/1", "a/10", "a/2", "b", "c"]);
    assert_eq!(ids(&tx, Range { prefix: "a/", after: None }, 99).await, ["a/1", "a/10", "a/2"]);
    assert_eq!(ids(&tx, Range { prefix: "a/", after: None }, 2).await, ["a/1", "a/10"]);
    assert_eq!(ids(&tx, Range { prefix: "a/", after: Some("a/10") }, 2).await, ["a/2"]);
    assert_eq!(ids(&tx, Range { prefix: "", after: Some("a/2") }, 1).await, ["b"]);
    assert!(ids(&tx, Range { prefix: "d", after: None }, 9).await.is_empty());
    assert!(ids(&tx, Range::default(), 0).await.is_empty());
}

async fn scans_see_own_writes(home: Home) {
    let store = home.open().await;
    let mut tx = store.begin();
    for id in ["a", "c", "e", "g"] {
        tx.put(&scope(), id, &Thing { n: 1 }).expect("valid");
    }
    store.commit(tx).await.expect("commits");
    let mut tx = store.begin();
    tx.delete::<Thing>(&scope(), "a").expect("valid");
    tx.put(&scope(), "b", &Thing { n: 2 }).expect("valid");
    tx.put(&scope(), "e", &Thing { n: 3 }).expect("valid");
    tx.put(&scope(), "z", &Thing { n: 4 }).expect("valid");
    assert_eq!(ids(&tx, Range::default(), 2).await, ["b", "c"]);
    assert_eq!(ids(&tx, Range { prefix: "", after: Some("c") }, 9).await, ["e", "g", "z"]);
    let page = tx.scan::<Thing>(&scope(), Range { prefix: "e", after: None }, 9).await;
    assert_eq!(page.expect("reads")[0].1.n, 3);
}

async fn scans_cross_scopes(home: Home) {
    let store = home.open().await;
    assert!(store.scopes().await.expect("reads").is_empty());
    let other = Scope::new("000000000042".parse().expect("valid"), scope().region);
    let scopes = [Scope::system(), other, Scope::global(AccountId::DEFAULT), scope()];
    let mut tx = store.begin();
    for scope in &scopes {
        for id in ["a", "b"] {
            tx.put(scope, id, &Thing { n: 1 }).expect("valid");
        }
        tx.put(scope, "c", &Name { name: String::new() }).expect("valid");
    }
    store.commit(tx).await.expect("commits");
    assert_eq!(store.scopes().await.expect("reads"), scopes);
    let all = store.begin().scan_service::<Thing>().await.expect("reads");
    assert_eq!(all.len(), 8);
    assert_eq!((&all[2].0, all[2].1.as_str()), (&scopes[1], "a"));
}

async fn the_journal_is_newest_first(home: Home) {
    let store = home.open().await;
    for n in 0..4 {
        let mut tx = store.begin();
        tx.journal(&entry(2 * n, "x")).expect("fits");
        tx.journal(&entry(2 * n + 1, "x")).expect("fits");
        store.commit(tx).await.expect("commits");
    }
    let all = JournalQuery::newest(scope(), 99);
    assert_eq!(history(&store, all.clone()).await, [7, 6, 5, 4, 3, 2, 1, 0]);
    let page = store.journal(all).await.expect("reads");
    assert_eq!(page.entries[0], entry(7, "x"));
    assert_eq!(page.next, None);
}

async fn the_journal_filters(home: Home) {
    let store = home.open().await;
    let mut tx = store.begin();
    for n in 0..6 {
        tx.journal(&entry(n, if n % 2 == 0 { "even" } else { "odd" })).expect("fits");
    }
    let elsewhere = Scope::global(AccountId::DEFAULT);
    tx.journal(&JournalEntry { scope: elsewhere.clone(), ..entry(9, "even") }).expect("fits");
    store.commit(tx).await.expect("commits");
    let all = JournalQuery::newest(scope(), 99);
    let even = JournalQuery { contains: vec![b"\"even\"".to_vec()], ..all.clone() };
    assert_eq!(history(&store, even.clone()).await, [4, 2, 0]);
    let both =
        JournalQuery { contains: vec![b"even".to_vec(), b"\"n\":2".to_vec()], ..all.clone() };
    assert_eq!(history(&store, both).await, [2]);
    let none = JournalQuery { contains: vec![b"even".to_vec(), b"odd".to_vec()], ..all.clone() };
    assert!(history(&store, none).await.is_empty());
    let some = JournalQuery { from: at(1), to: at(3), ..all.clone() };
    assert_eq!(history(&store, some).await, [3, 2, 1]);
    let other = JournalQuery { scope: elsewhere, ..even };
    assert_eq!(history(&store, other).await, [9]);
    let later = JournalQuery { from: at(100), ..all };
    assert!(history(&store, later).await.is_empty());
}

async fn journal_pages_are_stable(home: Home) {
    let store = home.open().await;
    let write = async |n| {
        let mut tx = store.begin();
        tx.journal(&entry(n, "x")).expect("fits");
        store.commit(tx).await.expect("commits");
    };
    for n in 0..100 {
        write(n).await;
    }
    let (mut seen, mut after, mut added) = (Vec::new(), None, 100);
    loop {
        let query = JournalQuery { after, limit: 7, ..JournalQuery::newest(scope(), 0) };
        let page = store.journal(query).await.expect("reads");
        seen.extend(page.entries.iter().map(|entry| entry.at.millis()));
        write(added).await;
        added += 1;
        match page.next {
            // What a client sends back is text.
            Some(token) => after = Some(token.to_string().parse().expect("own token")),
            None => break,
        }
    }
    assert_eq!(seen, (0..100).rev().collect::<Vec<i64>>());
}

async fn due_work_is_ordered(home: Home) {
    let store = home.open().await;
    let set = async |id: &str, when: Option<i64>| {
        let mut tx = store.begin();
        tx.put_due(&scope(), "test", "work", id, when.map(at)).expect("valid");
        store.commit(tx).await.expect("commits");
    };
    for (id, when) in [("c", 5), ("a", 30), ("b", 10), ("a", 20)] {
        set(id, Some(when)).await;
    }
    let due = async |now, limit| -> Vec<(String, i64)> {
        let due = store.due(now, limit).await.expect("reads");
        due.iter().map(|due| (due.key.id().to_owned(), due.at.millis())).collect()
    };
    let owned = |list: &[(&str, i64)]| -> Vec<(String, i64)> {
        list.iter().map(|(id, at)| ((*id).to_owned(), *at)).collect()
    };
    assert_eq!(due(at(10), 9).await, owned(&[("c", 5), ("b", 10)]));
    assert_eq!(due(Timestamp::MAX, 1).await, owned(&[("c", 5)]));
    assert_eq!(due(at(4), 9).await, []);
    set("b", None).await;
    assert_eq!(due(Timestamp::MAX, 9).await, owned(&[("c", 5), ("a", 20)]));
    let first = &store.due(Timestamp::MAX, 1).await.expect("reads")[0].key;
    assert_eq!((first.scope(), first.service(), first.kind()), (scope(), "test", "work"));
}

async fn the_outbox_keeps_order_until_acknowledged(home: Home) {
    let store = home.open().await;
    for n in 0..3u8 {
        let mut tx = store.begin();
        tx.emit(vec![n, 0]).expect("fits");
        tx.emit(vec![n, 1]).expect("fits");
        store.commit(tx).await.expect("commits");
    }
    let events = store.outbox(4).await.expect("reads");
    let bodies: Vec<_> = events.iter().map(|event| event.body.clone()).collect();
    assert_eq!(bodies, [[0, 0], [0, 1], [1, 0], [1, 1]]);
    store.outbox_acknowledge(&[events[0].seq, events[2].seq]).await.expect("deletes");
    store.outbox_acknowledge(&[]).await.expect("does nothing");
    let left = store.outbox(9).await.expect("reads");
    let bodies: Vec<_> = left.iter().map(|event| event.body.clone()).collect();
    assert_eq!(bodies, [[0, 1], [1, 1], [2, 0], [2, 1]]);
}

async fn tallies_add_up(home: Home) {
    let store = home.open().await;
    for (id, counter, n, when) in [
        ("a", "Encrypt", 2, 7),
        ("a", "Encrypt", 3, 5),
        ("a", "Decrypt", 1, 1),
        ("ab", "Sign", 4, 2),
    ] {
        let mut tx = store.begin();
        tx.tally(key(id), counter, n, at(when));
        store.commit(tx).await.expect("commits");
    }
    let tallies = store.tallies(&scope(), &["test", "thing", "a"]).await.expect("reads");
    let found: Vec<_> =
        tallies.iter().map(|t| (t.counter.as_str(), t.count, t.last.millis())).collect();
    assert_eq!(found, [("Decrypt", 1, 1), ("Encrypt", 5, 7)]);
    assert_eq!(tallies[0].key, key("a"));
    for path in [&[][..], &["test"], &["test", "thing"]] {
        assert_eq!(store.tallies(&scope(), path).await.expect("reads").len(), 3, "{path:?}");
    }
    assert!(store.tallies(&Scope::system(), &[]).await.expect("reads").is_empty());
}

async fn leases_exclude(home: Home) {
    let store = home.open().await;
    let take = async |holder: &str, now, until| {
        store.try_lease("scheduler", holder, at(now), at(until)).await.expect("works")
    };
    assert!(take("one", 0, 10).await);
    assert!(!take("two", 5, 15).await);
    assert!(take("one", 5, 20).await, "extended by its holder");
    assert!(!take("two", 19, 30).await);
    assert!(take("two", 20, 30).await, "expired");
    assert!(!take("one", 25, 35).await);
    store.release_lease("scheduler", "one").await.expect("not its lease, no effect");
    assert!(!take("one", 25, 35).await);
    store.release_lease("scheduler", "two").await.expect("works");
    assert!(take("one", 25, 35).await);
}

async fn reset_leaves_nothing(home: Home) {
    let store = home.open().await;
    let fill = async || {
        let mut tx = store.begin();
        tx.create(&scope(), "a", &Thing { n: 1 }).expect("valid");
        tx.emit(b"{}".to_vec()).expect("fits");
        tx.put_due(&scope(), "test", "work", "a", Some(at(1))).expect("valid");
        tx.tally(key("a"), "Use", 1, at(1));
        tx.journal(&entry(1, "x")).expect("fits");
        store.commit(tx).await.expect("commits");
    };
    fill().await;
    let mut reader = store.begin();
    reader.get::<Thing>(&scope(), "a").await.expect("reads");
    store.reset().await.expect("works");
    assert!(matches!(store.commit(reader).await, Err(StoreError::Conflict)));
    assert_eq!(read(&store, "a").await, None);
    assert!(store.outbox(9).await.expect("reads").is_empty());
    assert!(store.due(Timestamp::MAX, 9).await.expect("reads").is_empty());
    assert!(store.tallies(&scope(), &[]).await.expect("reads").is_empty());
    assert!(history(&store, JournalQuery::newest(scope(), 9)).await.is_empty());
    fill().await;
    assert_eq!(read(&store, "a").await, Some(1));
}

async fn everything_survives_reopening(home: Home) {
    let store = home.open().await;
    let mut tx = store.begin();
    tx.put(&scope(), "a", &Thing { n: 1 }).expect("valid");
    tx.emit(b"{}".to_vec()).expect("fits");
    tx.put_due(&scope(), "test", "work", "a", Some(at(1))).expect("valid");
    tx.tally(key("a"), "Use", 1, at(1));
    tx.journal(&entry(1, "x")).expect("fits");
    store.commit(tx).await.expect("commits");
    drop(store);
    let store = home.open().await;
    assert_eq!(read(&store, "a").await, Some(1));
    assert_eq!(store.outbox(9).await.expect("reads").len(), 1);
    assert_eq!(store.due(Timestamp::MAX, 9).await.expect("reads").len(), 1);
    assert_eq!(store.tallies(&scope(), &[]).await.expect("reads").len(), 1);
    let mut tx = store.begin();
    tx.get::<Thing>(&scope(), "a").await.expect("reads");
    tx.emit(b"later".to_vec()).expect("fits");
    tx.journal(&entry(2, "x")).expect("fits");
    store.commit(tx).await.expect("commits");
    assert_eq!(history(&store, JournalQuery::newest(scope(), 9)).await, [2, 1]);
    assert_eq!(store.outbox(9).await.expect("reads")[1].body, b"later");
}

async fn increments_are_exact(home: Home) {
    const TASKS: usize = 8;
    const EACH: usize = 25;
    let store = home.open().await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..EACH {
                    increment(&store, "n").await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let total = (TASKS * EACH) as u64;
    assert_eq!(read(&store, "n").await, Some(total));
    assert_eq!(history(&store, JournalQuery::newest(scope(), 1000)).await.len(), TASKS * EACH);
    assert_eq!(store.tallies(&scope(), &[]).await.expect("reads")[0].count, total);
}

async fn commits_are_all_or_nothing_under_contention(home: Home) {
    // Two records whose sum never changes, moved between by many; a reader that checks both sees the sum.
    let store = home.open().await;
    put(&store, "a", 1000).await;
    put(&store, "b", 1000).await;
    let movers: Vec<_> = (0..4u64)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut moved = 0;
                while moved < 20 {
                    let mut tx = store.begin();
                    let a = tx.get::<Thing>(&scope(), "a").await.expect("reads");
                    let b = tx.get::<Thing>(&scope(), "b").await.expect("reads");
                    let (a, b) = (a.map_or(0, |t| t.n), b.map_or(0, |t| t.n));
                    tx.put(&scope(), "a", &Thing { n: a - n }).expect("valid");
                    tx.put(&scope(), "b", &Thing { n: b + n }).expect("valid");
                    moved += u64::from(is_done(&store.commit(tx).await));
                }
            })
        })
        .collect();
    let mut seen = 0;
    while seen < 20 || movers.iter().any(|mover| !mover.is_finished()) {
        let mut tx = store.begin();
        let a = tx.get::<Thing>(&scope(), "a").await.expect("reads").map_or(0, |t| t.n);
        let b = tx.get::<Thing>(&scope(), "b").await.expect("reads").map_or(0, |t| t.n);
        if store.commit(tx).await.is_ok() {
            assert_eq!(a + b, 2000);
            seen += 1;
        }
    }
    for mover in movers {
        mover.await.expect("no panic");
    }
    assert_eq!((read(&store, "a").await, read(&store, "b").await), (Some(880), Some(1120)));
}

async fn limits_are_enforced(home: Home) {
    let store = home.open().await;
    let mut tx = store.begin();
    let huge = Name { name: "x".repeat(store::RECORD_MAX_BYTES) };
    assert!(matches!(tx.put(&scope(), "a", &huge), Err(StoreError::TooLarge { .. })));
    let event = vec![b'x'; store::EVENT_MAX_BYTES + 1];
    assert!(matches!(tx.emit(event), Err(StoreError::TooLarge { .. })));
    let body = vec![b'x'; store::JOURNAL_ENTRY_MAX_BYTES + 1];
    let large = JournalEntry { body, ..entry(1, "x") };
    assert!(matches!(tx.journal(&large), Err(StoreError::TooLarge { .. })));
    assert!(matches!(tx.put(&scope(), "a\0b", &Thing { n: 1 }), Err(StoreError::Key(_))));
    assert!(tx.is_read_only());
    // Just inside the limits all of it fits, several times over in one batch.
    for id in ["a", "b", "c"] {
        tx.put(&scope(), id, &Name { name: "x".repeat(store::RECORD_MAX_BYTES - 100) })
            .expect("fits");
    }
    store.commit(tx).await.expect("commits");
    let id = "i".repeat(1900);
    put(&store, &id, 1).await;
    assert_eq!(read(&store, &id).await, Some(1));
}

async fn a_closed_store_says_so(home: Home) {
    let store = home.open().await;
    put(&store, "a", 1).await;
    store.close().await;
    store.close().await;
    let mut tx = store.begin();
    tx.put(&scope(), "b", &Thing { n: 1 }).expect("valid");
    assert!(matches!(store.commit(tx).await, Err(StoreError::Closed)));
    let peeked = store.begin().peek::<Thing>(&scope(), "b").await;
    assert!(matches!(peeked, Err(StoreError::Closed)), "{peeked:?}");
    let again = home.open().await;
    assert_eq!(read(&again, "a").await, Some(1));
}

#[tokio::test]
async fn a_data_folder_serves_one_process() {
    let home = Home::sqlite();
    let store = home.open().await;
    let second = Store::open(home.config()).await;
    assert!(matches!(second, Err(StoreError::InUse(_))));
    drop(store);
    home.open().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_share_a_database_see_each_other() {
    let Some(home) = Home::postgres().await else { return };
    let (one, two) = (home.open().await, home.open().await);
    put(&one, "a", 1).await;
    assert_eq!(read(&two, "a").await, Some(1));
    put(&one, "a", 2).await;
    // The second node's memory is stale now; its commit finds out, and its next try knows better.
    let mut tx = two.begin();
    let stale = tx.get::<Thing>(&scope(), "a").await.expect("reads");
    assert_eq!(stale.map(|thing| thing.n), Some(1));
    tx.journal(&entry(1, "x")).expect("fits");
    assert!(matches!(two.commit(tx).await, Err(StoreError::Conflict)));
    assert_eq!(read(&two, "a").await, Some(2));
    // The same for a record that it remembers as absent.
    assert_eq!(read(&two, "new").await, None);
    put(&one, "new", 1).await;
    let mut tx = two.begin();
    tx.create(&scope(), "new", &Thing { n: 2 }).expect("valid");
    assert!(matches!(two.commit(tx).await, Err(StoreError::Conflict)));
    assert_eq!(read(&two, "new").await, Some(1));
    drop((one, two));
    home.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn increments_of_several_nodes_are_exact() {
    let Some(home) = Home::postgres().await else { return };
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let store = home.open().await;
        for worker in 0..3 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                for _ in 0..15 {
                    // Each on a record of their own, all on one, and each other's in both orders.
                    increment(&store, &format!("own-{worker}")).await;
                    increment(&store, "common").await;
                }
            }));
        }
    }
    for task in tasks {
        task.await.expect("no panic");
    }
    let store = home.open().await;
    assert_eq!(read(&store, "common").await, Some(135));
    for worker in 0..3 {
        assert_eq!(read(&store, &format!("own-{worker}")).await, Some(45));
    }
    let tallies = store.tallies(&scope(), &[]).await.expect("reads");
    assert_eq!(tallies.iter().map(|tally| tally.count).sum::<u64>(), 270);
    drop(store);
    home.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn write_skew_between_nodes_is_refused() {
    let Some(home) = Home::postgres().await else { return };
    let (one, two) = (home.open().await, home.open().await);
    for round in 0..20 {
        let (left, right) = (format!("left-{round}"), format!("right-{round}"));
        // Each may exist only while the other does not. Both read both as absent before either commits.
        let prepare = async |store: &Store, mine: &str, other: &str| {
            let mut tx = store.begin();
            assert_eq!(tx.get::<Thing>(&scope(), other).await.expect("reads"), None);
            tx.put(&scope(), mine, &Thing { n: 1 }).expect("valid");
            tx
        };
        let a = prepare(&one, &left, &right).await;
        let b = prepare(&two, &right, &left).await;
        let (a, b) = tokio::join!(one.commit(a), two.commit(b));
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    }
    drop((one, two));
    home.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_comes_back() {
    let Some(home) = Home::postgres().await else { return };
    let store = home.open().await;
    put(&store, "a", 1).await;
    home.kill_connections().await;
    put(&store, "b", 2).await;
    assert_eq!(
        store.begin().scan::<Thing>(&scope(), Range::default(), 9).await.map(|p| p.len()).ok(),
        Some(2)
    );
    home.kill_connections().await;
    assert!(store.due(Timestamp::MAX, 1).await.expect("reads").is_empty());
    drop(store);
    home.drop_schema().await;
}

#[tokio::test]
async fn an_unreachable_database_is_an_error_at_once() {
    let stopwatch = base::clock::Stopwatch::start();
    let config =
        store::StoreConfig::Postgres { url: "postgresql://nobody@127.0.0.1:1/none".into() };
    assert!(matches!(Store::open(config).await, Err(StoreError::Unavailable(_))));
    assert!(stopwatch.elapsed() < Duration::from_secs(3));
}

fn entry(n: i64, word: &str) -> JournalEntry {
    JournalEntry {
        scope: scope(),
        at: at(n),
        id: format!("entry-{n}"),
        body: format!("{{\"n\":{n},\"word\":\"{word}\"}}").into_bytes(),
    }
}

/// The record's number as the database has it, not as this node remembers it: a commit verifies what was read.
async fn read(store: &Store, id: &str) -> Option<u64> {
    loop {
        let mut tx = store.begin();
        let thing = tx.get::<Thing>(&scope(), id).await.expect("reads");
        if is_done(&store.commit(tx).await) {
            return thing.map(|thing| thing.n);
        }
    }
}

async fn put(store: &Store, id: &str, n: u64) {
    let mut tx = store.begin();
    tx.put(&scope(), id, &Thing { n }).expect("valid");
    store.commit(tx).await.expect("commits");
}

async fn increment(store: &Store, id: &str) {
    loop {
        let mut tx = store.begin();
        let n = tx.get::<Thing>(&scope(), id).await.expect("reads").map_or(0, |thing| thing.n);
        tx.put(&scope(), id, &Thing { n: n + 1 }).expect("valid");
        tx.tally(key(id), "Increment", 1, at(0));
        tx.journal(&entry(0, id)).expect("fits");
        if is_done(&store.commit(tx).await) {
            return;
        }
    }
}

/// Whether it was committed rather than refused by a conflict; nothing else may happen.
fn is_done(result: &Result<(), StoreError>) -> bool {
    match result {
        Ok(()) => true,
        Err(StoreError::Conflict) => false,
        Err(error) => panic!("{error:?}"),
    }
}

async fn ids(tx: &Tx, range: Range<'_>, limit: usize) -> Vec<String> {
    let page = tx.scan::<Thing>(&scope(), range, limit).await.expect("reads");
    page.into_iter().map(|(id, _)| id).collect()
}

/// Times of the entries of a whole query.
async fn history(store: &Store, query: JournalQuery) -> Vec<i64> {
    let page = store.journal(query).await.expect("reads");
    page.entries.iter().map(|entry| entry.at.millis()).collect()
}
