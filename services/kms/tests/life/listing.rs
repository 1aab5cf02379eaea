use api_kms::operations::{ListKeys, ListResourceTags, TagResource, UntagResource};
use api_kms::{
    ListKeysRequest, ListResourceTagsRequest, Tag, TagResourceRequest, UntagResourceRequest,
};
use shape::Failure;

use crate::common::{ABROAD, HOME, Kms, OWNER, STRANGER, name, text};

fn tag(key: &str, value: &str) -> Tag {
    Tag { tag_key: Some(key.into()), tag_value: Some(value.into()) }
}

impl Kms {
    async fn list_keys(&self, account: &str, region: &str, limit: Option<i32>) -> Vec<String> {
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let request =
                ListKeysRequest { limit, marker: marker.take(), ..ListKeysRequest::default() };
            let page = self.call_as::<ListKeys>(account, region, request).await.expect("a page");
            let keys = page.keys.expect("keys");
            assert!(limit.is_none_or(|limit| keys.len() <= limit as usize));
            seen.extend(keys.into_iter().filter_map(|key| key.key_id));
            match page.next_marker {
                Some(next) => marker = Some(next),
                None => return seen,
            }
        }
    }

    async fn tag(&self, key: &str, tags: Vec<Tag>) -> Result<(), Failure> {
        let request = TagResourceRequest { key_id: Some(key.into()), tags: Some(tags) };
        self.call::<TagResource>(request).await.map(drop)
    }

    async fn tags(&self, key: &str, limit: i32) -> Vec<(String, String)> {
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let request = ListResourceTagsRequest {
                key_id: Some(key.into()),
                limit: Some(limit),
                marker: marker.take(),
            };
            let page = self.call::<ListResourceTags>(request).await.expect("a page");
            for tag in page.tags.expect("tags") {
                seen.push((tag.tag_key.expect("a key"), tag.tag_value.expect("a value")));
            }
            match page.next_marker {
                Some(next) => marker = Some(next),
                None => return seen,
            }
        }
    }
}

#[tokio::test]
async fn keys_are_listed_page_by_page_within_their_account_and_region() {
    let kms = Kms::new().await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(kms.key().await);
    }
    made.sort();
    for limit in [None, Some(1), Some(3), Some(7), Some(1000)] {
        assert_eq!(kms.list_keys(OWNER, HOME, limit).await, made, "{limit:?}");
    }
    assert!(kms.list_keys(OWNER, ABROAD, None).await.is_empty());
    assert!(kms.list_keys(STRANGER, HOME, None).await.is_empty());
    let bad = ListKeysRequest { marker: Some("nonsense".into()), ..ListKeysRequest::default() };
    assert_eq!(name(kms.call::<ListKeys>(bad).await), "InvalidMarkerException");
    let shared = ListKeysRequest {
        resource_owners: Some(vec!["OTHER_ACCOUNTS_VIA_RAM".into()]),
        ..ListKeysRequest::default()
    };
    let shared = kms.call::<ListKeys>(shared).await.expect("a page");
    assert!(shared.keys.expect("keys").is_empty());
}

#[tokio::test]
async fn tags_are_added_replaced_and_removed() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    kms.tag(&key, vec![tag("b", "1"), tag("a", ""), tag("c", "3")]).await.expect("tagged");
    kms.tag(&key, vec![tag("b", "2")]).await.expect("replaced");
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let expected = [pair("a", ""), pair("b", "2"), pair("c", "3")];
    for limit in [1, 2, 50] {
        assert_eq!(kms.tags(&key, limit).await, expected);
    }
    let request = UntagResourceRequest {
        key_id: Some(key.clone()),
        tag_keys: Some(vec!["a".into(), "absent".into()]),
    };
    kms.call::<UntagResource>(request).await.expect("untagged");
    assert_eq!(kms.tags(&key, 50).await, expected[1..]);
}

#[tokio::test]
async fn tags_have_rules() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let reserved = text(kms.tag(&key, vec![tag("AWS:x", "1")]).await);
    assert_eq!(
        reserved,
        "TagException: aws: prefixed tag key names are not allowed for external use."
    );
    assert_eq!(name(kms.tag(&key, vec![tag("a", "1"), tag("a", "2")]).await), "TagException");
    assert_eq!(name(kms.tag(&key, vec![tag("a;b", "1")]).await), "TagException");
    let fifty: Vec<Tag> = (0..50).map(|n| tag(&format!("k{n}"), "v")).collect();
    kms.tag(&key, fifty).await.expect("tagged");
    assert_eq!(name(kms.tag(&key, vec![tag("more", "1")]).await), "TagException");
    kms.tag(&key, vec![tag("k7", "changed")]).await.expect("room for a change");
}
