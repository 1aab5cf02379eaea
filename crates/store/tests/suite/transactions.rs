//! Records: what transactions read and write, when they conflict, what scans return.

use std::sync::Arc;

use base::{AccountId, Timestamp};
use store::{JournalEntry, JournalQuery, Range, Scope, StoreError, Tx};

use crate::harness::{
    Home, Name, Thing, at, entry, history, increment, is_done, key, put, read, scope,
};

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
    increments_are_exact,
    commits_are_all_or_nothing_under_contention,
    limits_are_enforced,
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

async fn ids(tx: &Tx, range: Range<'_>, limit: usize) -> Vec<String> {
    let page = tx.scan::<Thing>(&scope(), range, limit).await.expect("reads");
    page.into_iter().map(|(id, _)| id).collect()
}
