//! Runs over many keys: what an import, export, copy and sync do, and what is left of one that failed.

use std::{cell::RefCell, path::PathBuf, time::Duration};

use super::{
    Service,
    bulk::{keys, read, record, records, service, write},
};
use crate::{
    api::Lifetime,
    domain::{Classify as _, ErrorClass, NamespaceId, Prefixes},
    emulator::{Action, Answer, Fault, Keys},
    formats::{Format, StreamFormat, UnknownFields},
    ops::bulk::{
        copy::{self, Copied, Copy},
        defaults::Defaults,
        encoded::Kept,
        export::{self, Export, Exported},
        file::{self, RecordFile},
        import::{self, Import},
        journal::{
            Journals, ResumePolicy,
            run_id::{NamespaceRef, Store},
        },
        reporter::{Reporter, RunProgress},
        run,
        sync::Sync,
        write::Written,
    },
};

const NDJSON: Format = Format::Stream(StreamFormat::Ndjson);

/// The messages to the user.
#[derive(Default)]
struct Said(RefCell<Vec<String>>);

impl Reporter for Said {
    fn status(&self, message: &str) {
        self.note(message);
    }

    fn note(&self, message: &str) {
        self.0.borrow_mut().push(message.to_owned());
    }

    fn waiting(&self, _: &[&str], _: Duration) {}

    fn start<'a>(&'a self, _: usize, _: &'static str, _: &'a str) -> Box<dyn RunProgress + 'a> {
        Box::new(())
    }
}

impl RunProgress for () {
    fn advance(&self, _: usize) {}

    fn end(self: Box<Self>) {}
}

/// A user with files, and journals among them.
struct User {
    home: tempfile::TempDir,
    said: Said,
}

impl User {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            said: Said::default(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> RecordFile {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        crate::fsx::create(&path, text.as_bytes()).unwrap();
        RecordFile {
            path,
            format: NDJSON,
            hidden: false,
            unknown_fields: UnknownFields::Refuse,
        }
    }

    fn journals(&self) -> Journals<'_> {
        Journals {
            directory: Some(self.home.path()),
            reporter: &self.said,
        }
    }

    async fn import(
        &self,
        (service, id): &(Service, NamespaceId),
        file: &RecordFile,
        start: ResumePolicy,
    ) -> Result<Written, import::Error> {
        let import = Import {
            namespace: service.namespace(id),
            to: named(service, id),
            file,
            path: Some(&file.path),
            survey: &file.survey(true).unwrap(),
            defaults: &Defaults {
                lifetime: Lifetime::Unlimited,
                metadata: None,
            },
            kept: None,
        };
        import.run(self.journals(), start).await
    }

    async fn export(
        &self,
        (service, id): &(Service, NamespaceId),
        prefix: &str,
        format: Format,
        resume: ResumePolicy,
    ) -> Result<Exported, export::Error> {
        let export = Export {
            namespace: service.namespace(id),
            from: named(service, id),
            prefixes: &Prefixes::one(prefix),
            timeout: Duration::ZERO,
            journals: self.journals(),
        };
        let target = self.path("out");
        export.to_path(&target, format, Some(resume)).await
    }

    async fn copy(
        &self,
        service: &Service,
        [from, to]: [&NamespaceId; 2],
        start: ResumePolicy,
    ) -> Result<Copied, copy::Error> {
        let copy = Copy {
            from: service.namespace(from),
            to: service.namespace(to),
            ends: [from, to].map(|id| named(service, id)),
            prefixes: &Prefixes::default(),
            timeout: Duration::ZERO,
        };
        copy.run(self.journals(), start).await
    }
}

fn named(service: &Service, id: &NamespaceId) -> NamespaceRef {
    NamespaceRef {
        store: Store::Account(service.account.clone()),
        namespace: id.clone(),
    }
}

/// A service with `count` keys in a namespace.
async fn filled(count: usize) -> (Service, NamespaceId) {
    let (service, id) = service().await;
    write(&service, &id, records(count)).await.unwrap();
    (service, id)
}

/// Makes `key` listed, and not readable.
fn hide(service: &Service, key: &str) {
    let none = Answer::new(
        200,
        r#"{"success":true,"errors":[],"result":{"values":{}}}"#,
    );
    let gone = Answer::new(
        404,
        r#"{"success":false,"errors":[{"code":10009,"message":""}]}"#,
    );
    let value = format!("/values/{key}");
    for (method, path, answer) in [("POST", "/bulk/get", none), ("GET", &value, gone)] {
        let fault = Fault::new(method, path, Action::Answer(answer));
        service.emulator.fault(fault.forever());
    }
}

#[tokio::test]
async fn a_bad_record_is_found_before_anything_is_sent() {
    let (user, namespace) = (User::new(), service().await);
    let text = "{\"key\":\"a\",\"value\":\"1\"}\n{\"key\":\"\",\"value\":\"2\"}\n";
    let file = user.file("in.ndjson", text);
    let error = file.survey(false).unwrap_err();
    assert!(matches!(error, file::Error::Read { .. }), "{error}");
    let (service, id) = &namespace;
    assert_eq!(service.count("PUT", ""), 0);
    // Where such records are skipped, the others are written.
    let written = user.import(&namespace, &file, ResumePolicy::Refuse).await;
    assert_eq!(written.unwrap().confirmed, 1);
    assert_eq!(keys(service, id).await, ["a"]);
}

#[tokio::test]
async fn records_that_were_kept_are_sent_unless_their_file_was_written_since() {
    let (user, namespace) = (User::new(), service().await);
    let (service, id) = &namespace;
    let line = |n| format!("{{\"key\":\"k{n}\",\"value\":\"\\u0041\\n{n}\",\"metadata\":[{n}]}}\n");
    let file = user.file("in.ndjson", &(0..2500).map(line).collect::<String>());
    let defaults = Defaults {
        lifetime: Lifetime::For("1h".parse().unwrap()),
        metadata: None,
    };
    let (survey, kept) = Kept::survey(&file, false, &defaults).unwrap();
    let import = Import {
        namespace: service.namespace(id),
        to: named(service, id),
        file: &file,
        path: Some(&file.path),
        survey: &survey,
        defaults: &defaults,
        kept: kept.as_ref(),
    };
    let written = import.run(user.journals(), ResumePolicy::Refuse).await;
    assert_eq!(written.unwrap().confirmed, 2500);
    let found = read(service, id, "k").await.unwrap();
    let first = &found[0];
    assert_eq!((&first.value[..], found.len()), (&b"A\n0"[..], 2500));
    assert!(first.expiration.is_some());
    assert_eq!(first.metadata, Some("[0]".parse().unwrap()));

    crate::fsx::overwrite(&file.path, b"{\"key\":\"k\",\"value\":\"v\"}\n").unwrap();
    let requests = service.count("PUT", "/bulk");
    let refused = import.run(user.journals(), ResumePolicy::Refuse).await;
    let Err(run::Error::Incomplete { source, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(source.to_string().contains("changed while it was read"));
    assert_eq!(service.count("PUT", "/bulk"), requests);
}

#[test]
fn more_records_than_may_be_kept_are_not() {
    let user = User::new();
    let value = "v".repeat(1 << 20);
    let line = |n| format!("{{\"key\":\"k{n}\",\"value\":\"{value}\"}}\n");
    let file = user.file("in.ndjson", &(0..25).map(line).collect::<String>());
    let defaults = Defaults {
        lifetime: Lifetime::Unlimited,
        metadata: None,
    };
    let (survey, kept) = Kept::survey(&file, false, &defaults).unwrap();
    assert_eq!((survey.records, kept.is_none()), (25, true));
}

#[tokio::test]
async fn an_import_is_resumed_with_what_was_not_confirmed() {
    let (user, namespace) = (User::new(), service().await);
    let line = |n| format!("{{\"key\":\"k{n}\",\"value\":\"{n}\"}}\n");
    let file = user.file("in.ndjson", &(0..3).map(line).collect::<String>());
    let (service, id) = &namespace;
    let denied = Action::Unsuccessful(Keys::Named(vec!["k1".to_owned()]));
    service
        .emulator
        .fault(Fault::new("PUT", "/bulk", denied).forever());
    let written = user.import(&namespace, &file, ResumePolicy::Refuse).await;
    assert_eq!(written.unwrap().confirmed, 2);
    service.emulator.clear_faults();
    let refused = user.import(&namespace, &file, ResumePolicy::Refuse).await;
    assert!(
        matches!(refused, Err(run::Error::Journal(_))),
        "{refused:?}"
    );
    let written = user.import(&namespace, &file, ResumePolicy::Resume).await;
    assert_eq!(written.unwrap().confirmed, 1);
    let said = "2 records confirmed before, not sent again";
    assert!(user.said.0.borrow().iter().any(|it| it == said));
    assert_eq!(keys(service, id).await, ["k0", "k1", "k2"]);
    // It is forgotten once it is complete.
    let again = user.import(&namespace, &file, ResumePolicy::Refuse).await;
    assert_eq!(again.unwrap().confirmed, 3);
}

#[tokio::test]
async fn an_export_names_the_keys_that_cannot_be_read() {
    let (user, namespace) = (User::new(), filled(3).await);
    hide(&namespace.0, "k00001");
    for format in [NDJSON, Format::Directory] {
        let exported = user
            .export(&namespace, "", format, ResumePolicy::Refuse)
            .await
            .unwrap();
        assert_eq!(exported.summary.records, 2);
        let unreadable: Vec<_> = exported.absent.unreadable.iter().collect();
        assert_eq!(unreadable, [&"k00001".parse().unwrap()]);
        if format == NDJSON {
            let file = RecordFile {
                path: user.path("out"),
                format,
                hidden: false,
                unknown_fields: UnknownFields::Refuse,
            };
            assert!(file.survey(false).unwrap().verified);
            fs_err::remove_file(&file.path).unwrap();
        }
    }
    assert!(user.path("out/k00002").is_file());
}

#[tokio::test]
async fn an_export_that_failed_is_resumed_from_the_same_namespace_only() {
    let (user, namespace) = (User::new(), filled(1001).await);
    let denied = Action::Answer(Answer::new(403, ""));
    let second_page = Fault::new("GET", "/keys", denied).after(1);
    namespace.0.emulator.fault(second_page);
    let mut runs = Vec::new();
    for (prefix, resume) in [
        ("", ResumePolicy::Refuse),
        ("", ResumePolicy::Refuse),
        ("k0", ResumePolicy::Resume),
    ] {
        let exported = user.export(&namespace, prefix, NDJSON, resume).await;
        runs.push(exported.unwrap_err());
        assert!(!user.path("out").exists());
    }
    let [failed, refused, other] = &runs[..] else {
        unreachable!();
    };
    assert!(
        failed.to_string().ends_with("out.part with `--resume`"),
        "{failed}"
    );
    assert_eq!(refused.classify().class, ErrorClass::Refused);
    let export::Error::Continue { source, .. } = other else {
        panic!("{other}");
    };
    assert_eq!(
        source.to_string(),
        "the file is part of an export of all keys"
    );
    assert_eq!(other.classify().class, ErrorClass::Refused);
    let exported = user
        .export(&namespace, "", NDJSON, ResumePolicy::Resume)
        .await
        .unwrap();
    assert!(exported.resumed_after > 0 && !exported.disordered);
    assert_eq!(exported.summary.records, 1001);
}

#[tokio::test]
async fn a_copy_is_resumed_with_what_could_not_be_read() {
    let (user, (service, from)) = (User::new(), filled(3).await);
    let to = service.create("two").await;
    let ends = [&from, &to];
    hide(&service, "k00001");
    let copied = user.copy(&service, ends, ResumePolicy::Refuse).await;
    assert_eq!(copied.unwrap().absent.unreadable.len(), 1);
    service.emulator.clear_faults();
    assert_eq!(keys(&service, &to).await, ["k00000", "k00002"]);
    let refused = user.copy(&service, ends, ResumePolicy::Refuse).await;
    assert!(
        matches!(refused, Err(run::Error::Journal(_))),
        "{refused:?}"
    );
    let copied = user.copy(&service, ends, ResumePolicy::Resume).await;
    assert_eq!(copied.unwrap().absent.unreadable, []);
    let both = [
        read(&service, &from, "").await,
        read(&service, &to, "").await,
    ];
    let [from, to] = both.map(Result::unwrap);
    assert_eq!(from, to);
}

#[tokio::test]
async fn a_sync_never_deletes_the_keys_of_skipped_files() {
    let (user, (service, id)) = (User::new(), service().await);
    let there = [".env", ".git/config", "old", "same"].map(|key| record(key, b"1"));
    write(&service, &id, there.to_vec()).await.unwrap();
    for name in ["new", "same", ".env", ".git/config"] {
        user.file(&format!("site/{name}"), "1");
    }
    let file = RecordFile {
        path: user.path("site"),
        format: Format::Directory,
        hidden: false,
        unknown_fields: UnknownFields::Refuse,
    };
    let sync = Sync {
        namespace: service.namespace(&id),
        file: &file,
        survey: &file.survey(false).unwrap(),
        prefix: "",
        now: crate::env::now().as_second(),
    };
    let plan = sync.plan().await.unwrap();
    assert_eq!(
        (&plan.extra[..], plan.unchanged),
        (&["old".to_owned()][..], 1)
    );
    assert_eq!(plan.kept, [".env", ".git/config"]);
    let written = sync.write(&plan, &user.said).await.unwrap();
    let deleted = sync.delete(&plan, &user.said).await.unwrap();
    assert_eq!((written.confirmed, deleted.confirmed), (1, 1));
    let left = [".env", ".git/config", "new", "same"];
    assert_eq!(keys(&service, &id).await, left);
}
