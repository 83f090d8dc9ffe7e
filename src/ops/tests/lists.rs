//! Lists of keys with several prefixes.

use futures_util::TryStreamExt as _;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{
    Duration, Service,
    bulk::{record, write},
};
use crate::{
    domain::{NamespaceId, Prefixes},
    emulator::{Action, Answer, Entry, Fault},
};

fn of(prefixes: &[&str]) -> Prefixes {
    Prefixes::any_of(prefixes.iter().map(|&it| it.to_owned())).unwrap()
}

/// A service with a namespace that has these keys.
async fn holding(keys: impl IntoIterator<Item = String>) -> (Service, NamespaceId) {
    let service = Service::new();
    let id = service.create("one").await;
    let records = keys.into_iter().map(|key| record(&key, b"")).collect();
    write(&service, &id, records).await.unwrap();
    (service, id)
}

/// The keys `a000` to `j…`, so many with each letter.
fn letters(count: usize) -> impl Iterator<Item = String> {
    let of_letter = move |letter: char| (0..count).map(move |n| format!("{letter}{n:03}"));
    ('a'..='j').flat_map(of_letter)
}

async fn listed(service: &Service, id: &NamespaceId, prefixes: &Prefixes) -> Vec<String> {
    let pages = service.namespace(id).keys_in_pages_of(10, prefixes);
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    pages.into_iter().flatten().map(|key| key.name).collect()
}

/// The most requests for lists that were under way at one moment.
fn most_at_once(log: &[Entry]) -> usize {
    let lists = || log.iter().filter(|it| it.path.contains("/keys?"));
    let at = |it: &Entry| {
        lists()
            .filter(|other| other.start <= it.start && other.end.is_none_or(|end| end > it.start))
            .count()
    };
    lists().map(at).max().unwrap_or_default()
}

#[test]
fn they_are_the_list_of_all_keys_without_the_others() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let keys = prop::collection::btree_set("[ab\u{e9}]{1,4}", 0..100);
    let prefixes = prop::collection::vec("[ab\u{e9}]{0,3}", 1..12);
    let mut runner = TestRunner::new(Config::with_cases(48));
    let tested = runner.run(
        &(keys, prefixes, any::<bool>()),
        |(keys, given, empty_pages)| {
            runtime.block_on(async {
                let (service, id) = holding(keys.clone()).await;
                if empty_pages {
                    service.emulator.tombstones();
                }
                let prefixes = Prefixes::any_of(given.clone()).unwrap();
                let begins = |key: &&String| given.iter().any(|it| key.starts_with(it.as_str()));
                // A set is in the order of bytes.
                let expected: Vec<_> = keys.iter().filter(begins).cloned().collect();
                prop_assert_eq!(listed(&service, &id, &prefixes).await, &expected[..]);
                let some = service.namespace(&id).keys_up_to(13, &prefixes);
                let some: Vec<_> = some.try_collect().await.unwrap();
                let some: Vec<_> = some.into_iter().flatten().map(|key| key.name).collect();
                prop_assert_eq!(&some[..], &expected[..expected.len().min(13)]);
                Ok(())
            })
        },
    );
    tested.unwrap();
}

#[tokio::test]
async fn lists_of_several_prefixes_are_asked_for_at_once() {
    let (service, id) = holding(letters(25)).await;
    service.emulator.latency(Duration::from_millis(300));
    let prefixes = of(&["j", "i", "h", "g", "f", "e", "d", "c", "b", "a", "a1"]);
    let before = service.emulator.log().len();
    assert_eq!(listed(&service, &id, &prefixes).await.len(), 250);
    let log = service.emulator.log();
    // Three pages of each letter, as one after the other.
    assert_eq!(log.len() - before, 30);
    assert_eq!(most_at_once(&log[before..]), 8);
}

#[tokio::test]
async fn one_prefix_or_a_limit_is_asked_for_page_by_page() {
    let (service, id) = holding(letters(25)).await;
    service.emulator.latency(Duration::from_millis(50));
    let asked = async |prefixes: &Prefixes, most: Option<usize>| {
        let before = service.emulator.log().len();
        match most {
            None => drop(listed(&service, &id, prefixes).await),
            Some(most) => {
                let pages = service.namespace(&id).keys_up_to(most, prefixes);
                let pages: Vec<_> = pages.try_collect().await.unwrap();
                assert_eq!(pages.iter().flatten().count(), most);
            }
        }
        let log = service.emulator.log();
        (log.len() - before, most_at_once(&log[before..]))
    };
    let all = of(&["a", "b", "c", "d"]);
    assert_eq!(asked(&of(&["a", "a", "a0"]), None).await, (3, 1));
    assert_eq!(asked(&of(&["", "a"]), None).await, (25, 1));
    assert_eq!(asked(&all, Some(25)).await, (1, 1));
    assert_eq!(asked(&all, Some(26)).await, (2, 1));
}

#[tokio::test]
async fn the_error_of_one_prefix_ends_all_and_names_it() {
    let (service, id) = holding(letters(25)).await;
    let gone = Answer::new(
        400,
        "{\"success\":false,\"errors\":[{\"code\":1,\"message\":\"no\"}]}",
    );
    let fault = Fault::new("GET", "prefix=c", Action::Answer(gone)).forever();
    service.emulator.fault(fault);
    let failed = async |prefixes: &[&str]| {
        let prefixes = of(prefixes);
        let pages = service.namespace(&id).keys(&prefixes);
        let outcome: Result<Vec<_>, _> = pages.try_collect().await;
        outcome.unwrap_err().to_string()
    };
    let several = failed(&["a", "b", "c", "d"]).await;
    assert!(several.contains("for the prefix `c`"), "{several}");
    let one = failed(&["c"]).await;
    assert!(!one.contains("prefix"), "{one}");
}

#[tokio::test]
async fn a_key_of_another_prefix_is_refused() {
    let (service, id) = holding([]).await;
    let page = "{\"success\":true,\"errors\":[],\"messages\":[],\"result\":[{\"name\":\"b1\"}],\
                \"result_info\":{\"count\":1}}";
    let fault = Fault::new("GET", "prefix=a", Action::Answer(Answer::new(200, page)));
    service.emulator.fault(fault);
    let prefixes = of(&["a", "b"]);
    // The other list would be right to have it.
    let pages = service.namespace(&id).keys(&prefixes);
    let outcome: Result<Vec<_>, _> = pages.try_collect().await;
    let error = outcome.unwrap_err().to_string();
    assert!(
        error.contains("without the prefix asked for, for the prefix `a`"),
        "{error}"
    );
}
