//! What lies beside the records: journal, due index, outbox, tallies, leases; and the store as a whole, from opening to
//! reset and closing.

use base::{AccountId, Timestamp};
use store::{JournalEntry, JournalQuery, Scope, Store, StoreError};

use crate::harness::{Home, Thing, at, entry, history, key, put, read, scope};

suite! {
    the_journal_is_newest_first,
    the_journal_filters,
    journal_pages_are_stable,
    due_work_is_ordered,
    the_outbox_keeps_order_until_acknowledged,
    tallies_add_up,
    leases_exclude,
    reset_leaves_nothing,
    everything_survives_reopening,
    a_closed_store_says_so,
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
