//! Many keys: what is written, read, deleted and compared, and what is claimed of it.

use std::{cell::Cell, io, time::Duration};

use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::Service;
use crate::{
    domain::{Expiration, NamespaceId, Prefixes, Record},
    emulator::{Action, Answer, Fault, Keys},
    ops::bulk::{
        compare::{self, Difference, compare},
        delete::{Deleter, matching},
        names::Names,
        read::{self, Reader},
        send::{self, Confirmations, Sent},
        write::{self, Writer, Written},
    },
};

const LATER: i64 = 4_000_000_000;

pub(super) fn record(key: &str, value: &[u8]) -> Record {
    Record {
        key: key.parse().unwrap(),
        value: value.to_vec().into(),
        expiration: None,
        metadata: None,
    }
}

/// So many records, in the order of their keys.
pub(super) fn records(count: usize) -> Vec<Record> {
    let key = |n| format!("k{n:05}");
    (0..count).map(|n| record(&key(n), b"v")).collect()
}

fn stream_of(records: Vec<Record>) -> impl Stream<Item = Result<(u64, Record), io::Error>> {
    stream::iter((0..).zip(records).map(Ok))
}

/// A service, and a namespace in it.
pub(super) async fn service() -> (Service, NamespaceId) {
    let service = Service::new();
    let id = service.create("one").await;
    (service, id)
}

pub(super) async fn write(
    service: &Service,
    id: &NamespaceId,
    records: Vec<Record>,
) -> Result<Written, write::Error<io::Error>> {
    let writer = Writer::new(service.namespace(id));
    writer.write_all(stream_of(records), &mut (), &|_| ()).await
}

pub(super) async fn read(
    service: &Service,
    id: &NamespaceId,
    prefix: &str,
) -> Result<Vec<Record>, read::Error> {
    let reader = Reader::new(service.namespace(id));
    let prefixes = Prefixes::one(prefix);
    reader.records(&prefixes).try_collect().await
}

pub(super) async fn keys(service: &Service, id: &NamespaceId) -> Vec<String> {
    let records = read(service, id, "").await.unwrap();
    records.into_iter().map(|it| it.key.to_string()).collect()
}

async fn delete(service: &Service, id: &NamespaceId, names: &[&str]) -> Result<Sent, send::Error> {
    let deleter = Deleter::new(service.namespace(id));
    deleter.delete(names.iter(), &mut (), &|_| ()).await
}

/// Takes note of the numbers, or cannot.
#[derive(Default)]
struct Notes {
    numbers: Vec<u64>,
    broken: bool,
}

impl Confirmations for Notes {
    fn confirmed(&mut self, keys: &[(u64, &str)]) -> io::Result<()> {
        if self.broken {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.numbers.extend(keys.iter().map(|(number, _)| number));
        Ok(())
    }
}

#[tokio::test]
async fn what_is_written_is_read_with_all_that_belongs_to_it() {
    let (service, id) = service().await;
    let mut all = vec![
        record("a/?#%2F b", b"text"),
        record("b", b""),
        record("c", &[0xff, 0, 0xfe]),
        record("d", "\u{fffd}".as_bytes()),
        record("e", b"x"),
    ];
    all[1].metadata = Some("{\"n\": [1, null]}".parse().unwrap());
    all[4].expiration = Some(Expiration::from_unix_seconds(LATER));
    let written = write(&service, &id, all.clone()).await.unwrap();
    assert_eq!(written.confirmed, 5);
    let found = read(&service, &id, "").await.unwrap();
    assert_eq!(found, all);
    assert_eq!(read(&service, &id, "a/").await.unwrap(), all[..1]);
}

#[tokio::test]
async fn of_a_key_that_comes_twice_the_last_value_is_written_once() {
    let (service, id) = service().await;
    let all = vec![record("a", b"1"), record("b", b"2"), record("a", b"3")];
    let written = write(&service, &id, all).await.unwrap();
    assert_eq!((written.confirmed, written.repeated), (2, 1));
    let found = read(&service, &id, "a").await.unwrap();
    assert_eq!(found[0].value, "3");
    assert_eq!(service.count("PUT", "/bulk"), 1);
}

#[tokio::test]
async fn what_has_expired_is_counted_and_not_sent() {
    let (service, id) = service().await;
    let mut all = records(2);
    all[0].expiration = Some(Expiration::from_unix_seconds(1_000_000_000));
    let written = write(&service, &id, all).await.unwrap();
    assert_eq!((written.confirmed, written.expired), (1, 1));
    assert_eq!(keys(&service, &id).await, ["k00001"]);
}

#[tokio::test]
async fn a_time_to_live_that_is_given_counts_for_all() {
    let (service, id) = service().await;
    let mut all = records(2);
    all[0].expiration = Some(Expiration::from_unix_seconds(LATER));
    let before = crate::env::now().as_second();
    let writer = Writer::new(service.namespace(&id)).with_ttl("1h".parse().unwrap());
    let written = writer.write_all(stream_of(all), &mut (), &|_| ()).await;
    assert_eq!(written.unwrap().confirmed, 2);
    for record in read(&service, &id, "").await.unwrap() {
        let at = record.expiration.unwrap().unix_seconds();
        assert!((before + 3600..before + 3660).contains(&at), "{at}");
    }
}

#[tokio::test]
async fn more_than_a_request_takes_goes_in_two() {
    let (service, id) = service().await;
    let written = write(&service, &id, records(10_001)).await.unwrap();
    assert_eq!(written.confirmed, 10_001);
    assert_eq!(service.count("PUT", "/bulk"), 2);
    let names = matching(service.namespace(&id), &Prefixes::one("k"), None)
        .await
        .unwrap();
    assert_eq!(names.len(), 10_001);
    // It looks no further than is needed to know that there are too many.
    let before = service.count("GET", "/keys");
    let some = matching(service.namespace(&id), &Prefixes::one("k"), Some(1500)).await;
    assert!((1501..=2000).contains(&some.unwrap().len()));
    assert_eq!(service.count("GET", "/keys") - before, 2);
}

#[tokio::test]
async fn a_key_that_is_not_stored_is_named_and_the_others_are_written() {
    let (service, id) = service().await;
    let named = Keys::Named(vec!["k00001".to_owned()]);
    let fault = Fault::new("PUT", "/bulk", Action::Unsuccessful(named));
    service.emulator.fault(fault.forever());
    let written = write(&service, &id, records(3)).await.unwrap();
    assert_eq!(written.confirmed, 2);
    assert_eq!(written.failed.keys().collect::<Vec<_>>(), ["k00001"]);
    assert_eq!(keys(&service, &id).await, ["k00000", "k00002"]);
}

#[tokio::test]
async fn a_request_that_is_too_much_is_sent_in_halves() {
    let (service, id) = service().await;
    let too_much = Action::Answer(Answer::new(413, ""));
    service.emulator.fault(Fault::new("PUT", "/bulk", too_much));
    let written = write(&service, &id, records(4)).await.unwrap();
    assert_eq!(written.confirmed, 4);
    assert_eq!(service.count("PUT", "/bulk"), 3);
    assert_eq!(keys(&service, &id).await.len(), 4);
}

#[tokio::test]
async fn a_write_that_is_denied_claims_nothing() {
    let (service, id) = service().await;
    let denied = Action::Answer(Answer::new(403, ""));
    service.emulator.fault(Fault::new("PUT", "/bulk", denied));
    let error = write(&service, &id, records(3)).await.unwrap_err();
    let write::Error::Send(send::Error::Api { confirmed, .. }) = error else {
        panic!("{error}");
    };
    assert_eq!(confirmed, 0);
    assert_eq!(keys(&service, &id).await, [""; 0]);
}

#[tokio::test]
async fn a_source_that_breaks_is_told_from_a_service_that_does() {
    let (service, id) = service().await;
    let broken: Result<(u64, Record), _> = Err(io::Error::from(io::ErrorKind::InvalidData));
    let items = vec![Ok((0, record("a", b"1"))), broken];
    let writer = Writer::new(service.namespace(&id));
    let written = writer
        .write_all(stream::iter(items), &mut (), &|_| ())
        .await;
    assert!(
        matches!(written, Err(write::Error::Source(_))),
        "{written:?}"
    );
}

#[tokio::test]
async fn a_batch_is_sent_while_the_source_is_read_on() {
    let (service, id) = service().await;
    let confirmed = Cell::new(0);
    // It goes on only when the first batch is confirmed.
    let last = stream::once(async {
        while confirmed.get() == 0 {
            tokio::task::yield_now().await;
        }
        Ok((10_001, record("last", b"v")))
    });
    let all = stream_of(records(10_001)).chain(last);
    let writer = Writer::new(service.namespace(&id));
    let count = |keys| confirmed.set(confirmed.get() + keys);
    let mut unnoted = ();
    let written = writer.write_all(all, &mut unnoted, &count);
    let written = tokio::time::timeout(Duration::from_mins(1), written).await;
    assert_eq!(written.unwrap().unwrap().confirmed, 10_002);
}

#[tokio::test]
async fn what_is_under_way_when_the_source_breaks_is_counted() {
    let (service, id) = service().await;
    let confirmed = Cell::new(0);
    let broken = stream::once(async { Err(io::Error::from(io::ErrorKind::InvalidData)) });
    let all = stream_of(records(10_001)).chain(broken);
    let writer = Writer::new(service.namespace(&id));
    let count = |keys| confirmed.set(confirmed.get() + keys);
    let written = writer.write_all(all, &mut (), &count).await;
    assert!(
        matches!(written, Err(write::Error::Source(_))),
        "{written:?}"
    );
    assert_eq!(confirmed.get(), 10_000);
    assert_eq!(service.count("PUT", "/bulk"), 1);
}

#[tokio::test]
async fn every_number_is_noted_once_also_of_what_is_not_sent() {
    let (service, id) = service().await;
    let mut all = records(4);
    all[2].expiration = Some(Expiration::from_unix_seconds(1_000_000_000));
    all.push(record("k00000", b"again"));
    let mut notes = Notes::default();
    let writer = Writer::new(service.namespace(&id));
    let written = writer.write_all(stream_of(all), &mut notes, &|_| ()).await;
    assert_eq!(written.unwrap().confirmed, 3);
    notes.numbers.sort_unstable();
    assert_eq!(notes.numbers, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_run_that_cannot_be_noted_ends() {
    let (service, id) = service().await;
    let mut notes = Notes {
        broken: true,
        ..Notes::default()
    };
    let writer = Writer::new(service.namespace(&id));
    let written = writer
        .write_all(stream_of(records(2)), &mut notes, &|_| ())
        .await;
    let journal = matches!(written, Err(write::Error::Send(send::Error::Journal(_))));
    assert!(journal, "{written:?}");
}

#[tokio::test]
async fn a_deletion_takes_what_is_named_and_nothing_else() {
    let (service, id) = service().await;
    write(&service, &id, records(4)).await.unwrap();
    let sent = delete(&service, &id, &["k00001", "k00003", "absent"]).await;
    assert_eq!(sent.unwrap().confirmed, 3);
    assert_eq!(keys(&service, &id).await, ["k00000", "k00002"]);
}

#[tokio::test]
async fn a_key_that_remains_is_named() {
    let (service, id) = service().await;
    write(&service, &id, records(3)).await.unwrap();
    let fault = Fault::new("POST", "/bulk/delete", Action::Unsuccessful(Keys::Every(3)));
    service.emulator.fault(fault.forever());
    let sent = delete(&service, &id, &["k00000", "k00001", "k00002"]).await;
    let sent = sent.unwrap();
    assert_eq!(sent.confirmed, 2);
    assert_eq!(sent.failed.keys().collect::<Vec<_>>(), ["k00002"]);
    assert_eq!(keys(&service, &id).await, ["k00002"]);
}

#[tokio::test]
async fn values_come_in_the_order_in_which_they_were_asked_for() {
    let (service, id) = service().await;
    write(&service, &id, vec![record("a", b"1"), record("b", &[0xff])])
        .await
        .unwrap();
    let reader = Reader::new(service.namespace(&id));
    let asked = Names::from_iter(["b", "none", "a"]);
    let found: Vec<_> = reader.values(&asked).try_collect().await.unwrap();
    let found: Vec<_> = found
        .into_iter()
        .map(|(key, value)| (key.to_string(), value.map(|it| it.to_vec())))
        .collect();
    let expected = [
        ("b", Some(vec![0xff])),
        ("none", None),
        ("a", Some(b"1".to_vec())),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value));
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_namespace_that_cannot_be_read_is_not_empty() {
    let (service, id) = service().await;
    write(&service, &id, records(3)).await.unwrap();
    for (method, path) in [("GET", "/keys"), ("POST", "/bulk/get")] {
        let page = Action::Answer(Answer::new(200, "<html>sign in</html>"));
        service
            .emulator
            .fault(Fault::new(method, path, page).forever());
        assert!(read(&service, &id, "").await.is_err(), "{path}");
        service.emulator.clear_faults();
    }
    assert_eq!(read(&service, &id, "").await.unwrap().len(), 3);
}

/// Compares two lists of records, and returns what differs and how many are the same.
async fn compared(a: Vec<Record>, b: Vec<Record>) -> (Vec<(String, Difference)>, Option<usize>) {
    let mut found = Vec::new();
    let sides = [a, b].map(|side| stream::iter(side.into_iter().map(Ok::<_, io::Error>)));
    let [a, b] = sides;
    let same = compare(a, b, |key, difference| {
        found.push((key.to_string(), difference));
    })
    .await;
    match same {
        Ok(same) => (found, Some(same)),
        Err(compare::Error::Disorder { .. }) => (found, None),
        Err(compare::Error::Side(e)) => panic!("{e}"),
    }
}

#[tokio::test]
async fn a_difference_in_metadata_or_expiration_is_one_of_its_own() {
    let [plain, mut tagged, mut ending] = [(); 3].map(|()| record("a", b"1"));
    tagged.metadata = Some("1".parse().unwrap());
    ending.expiration = Some(Expiration::from_unix_seconds(LATER));
    for other in [tagged.clone(), ending] {
        let (found, same) = compared(vec![plain.clone()], vec![other]).await;
        assert_eq!((found.len(), same), (1, Some(0)));
        assert!(!matches!(found[0].1, Difference::Value | Difference::Added));
    }
    // However its JSON is written.
    let mut spaced = record("a", b"1");
    spaced.metadata = Some(" 1 ".parse().unwrap());
    assert_eq!(
        compared(vec![tagged], vec![spaced]).await,
        (vec![], Some(1))
    );
}

#[tokio::test]
async fn sides_that_are_not_in_order_are_not_compared() {
    let sorted = records(2);
    let reversed: Vec<_> = sorted.iter().rev().cloned().collect();
    assert_eq!(compared(sorted.clone(), reversed).await.1, None);
    let repeated = vec![sorted[0].clone(), sorted[0].clone()];
    assert_eq!(compared(repeated, sorted).await.1, None);
}
